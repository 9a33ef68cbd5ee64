using System.Net;

namespace Duplex.Tests;

public sealed class ReceptionTests
{
    [Fact]
    public async Task A_handshake_that_is_cancelled_ends_its_connection()
    {
        var scripts = new ScriptBook();
        await using var reception = new Reception(new VirtualTime(), scripts);
        scripts.AddNext().StallHandshake();
        using HttpRequestMessage request = Handshake();
        using var source = new CancellationTokenSource();
        Task<HttpResponseMessage> answer = reception.AnswerAsync(request, source.Token);
        await Patience.Until(() => reception.Count == 1);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.Null(await reception.Connections.Items[0].Completion.Soon());
    }

    [Fact]
    public async Task The_clock_of_a_client_is_seen_by_its_call()
    {
        var time = new VirtualTime();
        await using var reception = new Reception(time, new ScriptBook());
        Assert.Null(reception.OtherClock);
        using HttpRequestMessage request = Handshake();
        (await reception.AnswerAsync(request, default)).Dispose();
        Assert.NotNull(reception.OtherClock);

        async Task WithClockAsync()
        {
            time.GetTimestamp();
            using HttpResponseMessage response = await reception.AnswerAsync(request, default);
            Assert.Equal(HttpStatusCode.SwitchingProtocols, response.StatusCode);
        }

        await WithClockAsync();
        Assert.Null(reception.OtherClock);
    }

    private static HttpRequestMessage Handshake()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "ws://any.test/");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        return request;
    }
}
