using System.Net.WebSockets;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class BrowserSocketTests : IDisposable
{
    private readonly FakePageSocket _page = new();
    private readonly FakeTimeProvider _time = new();
    private readonly BrowserSocket _socket;

    public BrowserSocketTests() => _socket = new BrowserSocket(_page, _time);

    public void Dispose() => _socket.Dispose();

    [Fact]
    public async Task It_is_open_when_the_browser_says_so()
    {
        var page = new FakePageSocket { OpensAtOnce = false, Chosen = "v1" };
        using var socket = new BrowserSocket(page, _time);

        Task opening = socket.OpenAsync(CancellationToken.None);
        Assert.Equal((false, WebSocketState.Connecting), (opening.IsCompleted, socket.State));
        page.Events.Opened();
        await opening.Soon();

        Assert.Equal((WebSocketState.Open, "v1"), (socket.State, socket.SubProtocol));
    }

    [Fact]
    public async Task A_close_before_it_was_open_is_a_connection_that_failed()
    {
        var page = new FakePageSocket { OpensAtOnce = false };
        using var socket = new BrowserSocket(page, _time);

        Task opening = socket.OpenAsync(CancellationToken.None);
        page.Events.Closed(1006, "");

        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => opening.Soon());
    }

    [Fact]
    public async Task A_token_gives_the_connection_up()
    {
        var page = new FakePageSocket { OpensAtOnce = false };
        using var socket = new BrowserSocket(page, _time);
        using var source = new CancellationTokenSource();

        Task opening = socket.OpenAsync(source.Token);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.Soon());
        Assert.Equal(["Close 3006 "], page.Calls);
        page.Events.Opened(); // too late: it must not stay open
        Assert.Equal(["Close 3006 ", "Close 3006 "], page.Calls);
        Assert.Equal(WebSocketState.Aborted, socket.State);
    }

    [Theory]
    [InlineData(1000, 1000)]
    [InlineData(1001, 3001)]
    [InlineData(1002, 3002)]
    [InlineData(1009, 3009)]
    [InlineData(1011, 3011)]
    [InlineData(1014, 3014)]
    [InlineData(3000, 3000)]
    [InlineData(4999, 4999)]
    public async Task A_code_that_a_page_may_not_send_is_sent_as_one_that_it_may(int code, int sent)
    {
        await OpenAsync();

        await _socket.CloseOutputAsync((WebSocketCloseStatus)code, "bye", CancellationToken.None);

        Assert.Equal([$"Close {sent} bye"], _page.Calls);
        Assert.Equal(WebSocketState.CloseSent, _socket.State);
    }

    [Theory]
    [InlineData(1006)]
    [InlineData(1015)]
    public async Task A_code_that_is_on_no_wire_is_a_connection_that_ended_without_a_close(int code)
    {
        await OpenAsync();
        _page.Events.Closed(code, "");

        var error = await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => ReceiveAsync());

        Assert.Equal(WebSocketError.ConnectionClosedPrematurely, error.WebSocketErrorCode);
        Assert.Null(error.InnerException); // what the frame stream takes for an end, not for a fault
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => SendAsync("late"));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1005)]
    [InlineData(1011)]
    [InlineData(4000)]
    public async Task A_close_is_received_behind_what_came_before_it(int code)
    {
        await OpenAsync();
        _page.Give("last words"u8);
        _page.Events.Closed(code, "why");

        Assert.Equal((WebSocketState.Open, null), (_socket.State, _socket.CloseStatus));
        Assert.Equal((10, WebSocketMessageType.Text, true), await ReceiveAsync());
        Assert.Equal((0, WebSocketMessageType.Close, true), await ReceiveAsync());
        Assert.Equal((WebSocketState.Closed, (WebSocketCloseStatus)code, "why"), (_socket.State, _socket.CloseStatus, _socket.CloseStatusDescription));
    }

    [Fact]
    public async Task What_is_sent_after_the_peers_close_goes_nowhere_and_harms_nothing()
    {
        await OpenAsync();
        _page.Events.Closed(1000, "");

        await SendAsync("late");
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        _socket.Abort();

        Assert.Empty(_page.Calls);
    }

    [Fact]
    public async Task An_empty_text_stays_a_text()
    {
        await OpenAsync();

        await SendAsync("");
        await _socket.SendAsync(ReadOnlyMemory<byte>.Empty, WebSocketMessageType.Binary, true, CancellationToken.None);

        Assert.Equal(["Text ", "Binary "], _page.Calls);
    }

    [Fact]
    public async Task Parts_are_sent_as_one_message_even_if_they_cut_a_character()
    {
        await OpenAsync();
        byte[] text = "grüße 😀"u8.ToArray();

        for (int i = 0; i < text.Length; i++)
            await _socket.SendAsync(text.AsMemory(i, 1), WebSocketMessageType.Text, i == text.Length - 1, CancellationToken.None);
        await SendAsync("next");

        Assert.Equal(["Text grüße 😀", "Text next"], _page.Calls);
    }

    [Fact]
    public async Task A_message_larger_than_the_buffer_is_received_in_parts()
    {
        await OpenAsync();
        _page.Give("abcde"u8);
        _page.Give("f"u8);

        Assert.Equal((3, WebSocketMessageType.Text, false), await ReceiveAsync(3));
        Assert.Equal((2, WebSocketMessageType.Text, true), await ReceiveAsync(3));
        Assert.Equal((1, WebSocketMessageType.Text, true), await ReceiveAsync(3));
    }

    [Fact]
    public async Task A_receive_waits_for_the_next_message()
    {
        await OpenAsync();

        Task<(int, WebSocketMessageType, bool)> receiving = ReceiveAsync();
        Assert.False(receiving.IsCompleted);
        _page.Give("x"u8);

        Assert.Equal((1, WebSocketMessageType.Text, true), await receiving.Soon());
    }

    [Fact]
    public async Task A_send_waits_while_the_browser_holds_too_much()
    {
        await OpenAsync();
        _page.Buffered = 300_000;

        Task sending = SendAsync("x");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(sending.IsCompleted);
        _page.Buffered = 0;
        _time.Advance(TimeSpan.FromSeconds(1));

        await sending.Soon();
    }

    [Fact]
    public async Task A_send_waits_as_long_as_the_network_is_slow()
    {
        await OpenAsync();
        _page.Buffered = 300_000;

        Task sending = SendAsync("x");
        for (int i = 0; i < 1000; i++)
            _time.Advance(TimeSpan.FromMilliseconds(16));
        Assert.False(sending.IsCompleted);
        _page.Buffered = 256 * 1024;
        _time.Advance(TimeSpan.FromMilliseconds(16));

        await sending.Soon();
    }

    [Fact]
    public async Task A_write_waits_for_no_more_than_its_own_size_to_leave()
    {
        await OpenAsync();
        _page.Buffered = 10_000_000; // the message before

        Task sending = _socket.SendAsync(new byte[100_000].AsMemory(), WebSocketMessageType.Binary, endOfMessage: false, CancellationToken.None).AsTask();
        _page.Buffered = 9_900_001;
        _time.Advance(TimeSpan.FromMilliseconds(16));
        Assert.False(sending.IsCompleted);
        _page.Buffered = 9_900_000;
        _time.Advance(TimeSpan.FromMilliseconds(16));

        await sending.Soon();
    }

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1006, true)]
    public async Task A_send_that_waits_ends_with_the_connection(int code, bool fails)
    {
        await OpenAsync();
        _page.Buffered = 300_000;

        Task sending = SendAsync("x");
        _page.Events.Closed(code, "");
        _time.Advance(TimeSpan.FromSeconds(1));

        if (fails)
            await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => sending.Soon());
        else
            await sending.Soon();
    }

    [Fact]
    public async Task A_token_that_has_fired_opens_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _socket.OpenAsync(new CancellationToken(canceled: true)).Soon());

        Assert.Null(_page.Events);
    }

    [Fact]
    public async Task An_abort_closes_with_3006_and_ends_a_receive()
    {
        await OpenAsync();
        Task receiving = ReceiveAsync();

        _socket.Abort();

        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => receiving.Soon());
        Assert.Equal(["Close 3006 "], _page.Calls);
        _page.Give("late"u8);
        _page.Events.Closed(3006, "");
        Assert.Equal(WebSocketState.Aborted, _socket.State);
    }

    [Fact]
    public async Task An_abort_after_our_close_ends_a_receive_and_sends_nothing_more()
    {
        await OpenAsync();
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        Task receiving = ReceiveAsync();

        _socket.Abort();

        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => receiving.Soon());
        Assert.Equal(["Close 1000 "], _page.Calls);
    }

    private Task OpenAsync() => _socket.OpenAsync(CancellationToken.None).Soon();

    private Task SendAsync(string text) =>
        _socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(text).AsMemory(), WebSocketMessageType.Text, true, CancellationToken.None).AsTask();

    private async Task<(int, WebSocketMessageType, bool)> ReceiveAsync(int room = 100)
    {
        ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(new byte[room].AsMemory(), CancellationToken.None);
        return (received.Count, received.MessageType, received.EndOfMessage);
    }
}
