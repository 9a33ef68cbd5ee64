using System.Net;

namespace Duplex.Tests;

public sealed class OpenedContentTests : IDisposable
{
    private readonly MemoryStream _owner = new();

    [Fact]
    public async Task Whoever_reads_or_buffers_it_fails_at_once_and_is_told_why()
    {
        using OpenedContent content = Create();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => content.ReadAsStringAsync().Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => content.LoadIntoBufferAsync().Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => content.ReadAsStreamAsync().Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => content.CopyToAsync(Stream.Null).Soon());
        Assert.Throws<InvalidOperationException>(() => content.ReadAsStream());
        Assert.Throws<InvalidOperationException>(() => content.CopyTo(Stream.Null, null, CancellationToken.None));

        Assert.Contains("101", error.Message, StringComparison.Ordinal);
        Assert.Null(content.Headers.ContentLength);
        Assert.True(_owner.CanRead); // the connection is none the worse
        Assert.NotNull(content.TryTake());
    }

    [Fact]
    [KtorParity("http/ClientUpgradeContent")]
    public void A_connection_is_taken_once_and_outlives_the_content()
    {
        OpenedContent content = Create();

        OpenedConnection? connection = content.TryTake();
        Assert.Null(content.TryTake());
        content.Dispose();

        Assert.Same(_owner, connection!.Owner);
        Assert.True(_owner.CanRead);
    }

    [Fact]
    public void A_connection_that_nobody_took_ends_with_the_content()
    {
        var response = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols) { Content = Create() };

        response.Dispose();

        Assert.False(_owner.CanRead);
        Assert.Null(((OpenedContent)response.Content).TryTake());
    }

    public void Dispose() => _owner.Dispose();

    private OpenedContent Create() => new(new OpenedConnection(_owner, _owner, Calls.Create()));
}
