using System.Text;

namespace Duplex.Tests;

public sealed class DefaultWebSocketSessionStreamsTests
{
    [Fact]
    public async Task Messages_come_one_after_the_other_until_the_peers_close()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("81 01 61 01 01 62 89 00 80 01 63 82 01 64 88 02 03 E8");

        var texts = new List<string>();
        await foreach (WebSocketMessageStream message in test.Session.ReceiveStreamsAsync(TestContext.Current.CancellationToken))
            texts.Add($"{message.Type} {await ReadAllAsync(message)}");

        Assert.Equal(["Text a", "Text bc", "Binary d"], texts);
        Assert.Null(await test.Session.ReceiveStreamAsync().Soon());
    }

    [Fact]
    public async Task Asking_for_the_next_skips_what_is_left_of_the_one_before_also_what_has_not_come_yet()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => settings with { Incoming = ChannelConfig.Bounded(10, 100) });
        test.Peer.SendFrame(Opcode.Binary, new byte[90], fin: false);
        WebSocketMessageStream first = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal(5, await first.ReadAsync(new byte[5]).Soon());

        Task<WebSocketMessageStream?> next = test.Session.ReceiveStreamAsync().Soon();
        for (int i = 0; i < 30; i++)
            test.Peer.SendFrame(Opcode.Continuation, new byte[90], fin: false); // more than there is room for
        Assert.False(next.IsCompleted);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => first.ReadAsync(new byte[1]).Soon());
        test.Peer.SendHex("80 00 81 02 68 69");

        Assert.Equal("hi", await ReadAllAsync((await next)!));
    }

    [Fact]
    public async Task A_message_that_was_read_to_its_end_costs_the_next_no_wait()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("81 01 61 81 01 62 89 00");
        Assert.Equal("Pong()", await test.SentAsync());
        Assert.Equal("a", await ReadAllAsync((await test.Session.ReceiveStreamAsync().Soon())!));

        ValueTask<WebSocketMessageStream?> next = test.Session.ReceiveStreamAsync();

        Assert.True(next.IsCompletedSuccessfully);
        Assert.Equal("b", await ReadAllAsync((await next)!));
    }

    [Fact]
    public async Task A_token_ends_the_wait_for_a_message_and_the_next_call_gets_it()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Session.ReceiveStreamAsync(new CancellationToken(canceled: true)).Soon());
        Task<WebSocketMessageStream?> waiting = test.Session.ReceiveStreamAsync(cancellation.Token).Soon();

        await cancellation.CancelAsync();

        Assert.Equal(cancellation.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting)).CancellationToken);
        test.Peer.SendHex("81 01 61");
        Assert.Equal("a", await ReadAllAsync((await test.Session.ReceiveStreamAsync().Soon())!));
    }

    [Fact]
    public async Task A_token_ends_the_wait_for_a_rest_and_the_rest_is_still_skipped()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        using var cancellation = new CancellationTokenSource();
        test.Peer.SendHex("02 01 01");
        await test.Session.ReceiveStreamAsync().Soon();
        Task<WebSocketMessageStream?> waiting = test.Session.ReceiveStreamAsync(cancellation.Token).Soon();

        await cancellation.CancelAsync();

        Assert.Equal(cancellation.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting)).CancellationToken);
        test.Peer.SendHex("00 01 02 80 01 03 81 01 61");
        Assert.Equal("a", await ReadAllAsync((await test.Session.ReceiveStreamAsync().Soon())!));
    }

    [Fact]
    public async Task A_second_call_at_a_time_is_refused_and_does_the_first_no_harm()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        Task<WebSocketMessageStream?> first = test.Session.ReceiveStreamAsync().Soon();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.ReceiveStreamAsync().Soon());

        Assert.Contains("one at a time", error.Message, StringComparison.Ordinal);
        test.Peer.SendHex("81 01 61");
        Assert.Equal("a", await ReadAllAsync((await first)!));
    }

    [Fact]
    public async Task While_a_message_is_read_the_next_is_refused_and_the_read_goes_on()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("02 01 01");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal(1, await message.ReadAsync(new byte[9]).Soon());
        Task<int> reading = message.ReadAsync(new byte[9]).Soon();

        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Session.ReceiveStreamAsync().Soon());
        test.Peer.SendHex("80 02 02 03");

        Assert.Equal(2, await reading);
    }

    [Fact]
    public async Task Any_other_end_is_thrown_behind_the_last_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("81 01 61 83");

        Assert.Equal("a", await ReadAllAsync((await test.Session.ReceiveStreamAsync().Soon())!));

        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.ReceiveStreamAsync().Soon());
        await Assert.ThrowsAsync<WebSocketProtocolException>(() => test.Session.ReceiveStreamAsync().Soon());
    }

    [Fact]
    public async Task A_violation_in_what_is_skipped_is_thrown_to_who_asks_for_the_next()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        test.Peer.SendHex("01 01 61");
        await test.Session.ReceiveStreamAsync().Soon();
        Task<WebSocketMessageStream?> next = test.Session.ReceiveStreamAsync().Soon();

        test.Peer.SendHex("80 01 FF");

        Assert.Equal(CloseCode.InvalidFramePayloadData, (await Assert.ThrowsAsync<WebSocketProtocolException>(() => next)).CloseCode);
    }

    [Fact]
    public async Task A_message_of_which_nothing_came_before_the_close_is_none()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();

        test.Peer.SendHex("02 00 88 02 03 E8");

        Assert.Null(await test.Session.ReceiveStreamAsync().Soon());
    }

    private static async Task<string> ReadAllAsync(WebSocketMessageStream message)
    {
        var bytes = new MemoryStream();
        await message.CopyToAsync(bytes, TestContext.Current.CancellationToken).Soon();
        return message.Type == FrameType.Text ? Encoding.UTF8.GetString(bytes.ToArray()) : Encoding.Latin1.GetString(bytes.ToArray());
    }
}
