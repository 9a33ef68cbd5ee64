namespace Duplex.Tests;

public sealed class ReplayerTests : IAsyncDisposable
{
    private readonly ArmedClock _time = new();
    private readonly DefaultWebSocketSession _client;
    private readonly RawWebSocketSession _server;

    public ReplayerTests()
    {
        (Stream near, Stream far) = Ends.Create();
        _client = WebSocketSessions.Create(near, WebSocketRole.Client, ws => ws.PingInterval = Timeout.InfiniteTimeSpan);
        _server = WebSocketSessions.CreateRaw(far, WebSocketRole.Server);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Abort();
        _server.Abort();
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Frames_come_at_their_times_and_fragments_make_one_message()
    {
        Task<ReplayResult> replay = Replay(
            waits: false,
            Sample.Received(Opcode.Text, 1, "he"u8.ToArray()) with { Fin = false },
            Sample.Received(Opcode.Ping, 2, "p"u8.ToArray()),
            Sample.Received(Opcode.Continuation, 4, "llo"u8.ToArray()),
            Sample.Received(Opcode.Binary, 4, [7]));
        Task<Frame?> first = _client.ReceiveAsync().AsTask();

        await _time.Pass(TimeSpan.FromSeconds(1));
        await _time.Pass(TimeSpan.FromSeconds(1));
        await _time.Armed(TimeSpan.FromSeconds(2));
        Assert.False(first.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("hello", Assert.IsType<Frame.Text>(await first.Soon()).ReadText());
        Assert.Equal([7], Assert.IsType<Frame.Binary>(await _client.ReceiveAsync().Soon()).ReadBytes());
        ReplayResult result = await replay.Soon();
        Assert.Equal((4, false), (result.SentFrames, result.EndedEarly));
        Assert.Equal(WebSocketSessionState.Open, _server.State); // it goes on as the script says
    }

    [Fact]
    public async Task The_clients_pings_are_answered_live_and_recorded_pongs_are_not_sent()
    {
        Task<ReplayResult> replay = Replay(waits: false, Sample.Received(Opcode.Pong, 1, "old"u8.ToArray()), Sample.Text(RecordedDirection.Received, 10, "end"));

        await _client.PingAsync().Soon();
        await _time.PassUntil(replay);

        Assert.Equal(1, (await replay).SentFrames);
    }

    [Fact]
    public async Task It_waits_for_the_client_and_moves_by_its_delay()
    {
        Task<ReplayResult> replay = Replay(
            waits: true,
            Sample.Text(RecordedDirection.Sent, 1, "subscribe"),
            Sample.Text(RecordedDirection.Received, 3, "tick"),
            Sample.Text(RecordedDirection.Received, 4, "tock"));
        _time.Advance(TimeSpan.FromSeconds(101)); // 100 later than recorded

        await _client.SendAsync("subscribe");

        Task<string?> tick = _client.ReceiveTextAsync().AsTask();
        await _time.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal("tick", await tick.Soon());
        await _time.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal("tock", await _client.ReceiveTextAsync().Soon());
        Assert.Empty((await replay.Soon()).Mismatches);
    }

    [Fact]
    public async Task A_client_that_says_something_else_is_told()
    {
        Task<ReplayResult> replay = Replay(waits: true, Sample.Text(RecordedDirection.Sent, 0, "subscribe"), Sample.Text(RecordedDirection.Received, 0, "tick"));

        await _client.SendAsync("unsubscribe");

        Assert.Equal("tick", await _client.ReceiveTextAsync().Soon());
        Assert.Equal([new ReplayMismatch(1, "\"subscribe\"", "\"unsubscribe\"")], (await replay.Soon()).Mismatches);
    }

    [Fact]
    public async Task A_client_that_closes_early_ends_the_replay_and_is_answered()
    {
        Task<ReplayResult> replay = Replay(waits: true, Sample.Text(RecordedDirection.Sent, 0, "subscribe"), Sample.Text(RecordedDirection.Received, 5, "tick"));

        CloseResult closed = await _client.CloseAsync((CloseCode)4001, "enough").Soon();

        ReplayResult result = await replay.Soon();
        Assert.Equal((0, true), (result.SentFrames, result.EndedEarly));
        Assert.Equal("the end of the session", Assert.Single(result.Mismatches).Found);
        Assert.Equal("4001: enough", closed.Received!.ToString());
    }

    [Fact]
    public async Task A_client_that_closes_as_recorded_is_no_early_end()
    {
        Task<ReplayResult> replay = Replay(waits: false, Sample.Sent(Opcode.Close, 5, [3, 232]), Sample.Received(Opcode.Close, 6, [3, 232]));

        await _client.CloseAsync(CloseCode.NormalClosure, "").Soon();

        Assert.False((await replay.Soon()).EndedEarly);
    }

    [Fact]
    public async Task A_lost_client_ends_the_replay()
    {
        Task<ReplayResult> replay = Replay(waits: false, Sample.Text(RecordedDirection.Received, 5, "tick"));

        _client.Abort();

        Assert.True((await replay.Soon()).EndedEarly);
        await Patience.Until(() => _time.LiveTimers == 0);
    }

    [Fact]
    public async Task A_token_stops_the_replay_and_the_session_stays_open()
    {
        using var stop = new CancellationTokenSource();
        Task<ReplayResult> replay = new Recording(null, Sample.Started, [Sample.Text(RecordedDirection.Received, 5, "tick")]).ReplayAsync(_server, _time, stop.Token);
        await _time.Armed(TimeSpan.FromSeconds(5));

        await stop.CancelAsync();

        var error = await Assert.ThrowsAsync<OperationCanceledException>(() => replay.Soon());
        Assert.Equal(stop.Token, error.CancellationToken);
        await _server.SendAsync("on");
        Assert.Equal("on", await _client.ReceiveTextAsync().Soon());
        Assert.Equal(0, _time.LiveTimers);
    }

    [Fact]
    public async Task A_default_session_can_be_the_server()
    {
        (Stream near, Stream far) = Ends.Create();
        await using DefaultWebSocketSession client = WebSocketSessions.Create(near, WebSocketRole.Client);
        await using DefaultWebSocketSession server = WebSocketSessions.Create(far, WebSocketRole.Server);
        Func<DefaultWebSocketSession, TimeProvider, CancellationToken, Task> script = new Recording(null, Sample.Started, [Sample.Text(RecordedDirection.Received, 0, "tick"), Sample.Received(Opcode.Close, 0, [3, 232])]).ReplayAsync;

        Task replay = script(server, _time, CancellationToken.None);

        Assert.Equal("tick", await client.ReceiveTextAsync().Soon());
        Assert.Null(await client.ReceiveTextAsync().Soon());
        await replay.Soon();
    }

    [Fact]
    public async Task What_cannot_be_replayed_is_told_before_anything_is_sent()
    {
        RecordedFrame text = Sample.Text(RecordedDirection.Received, 0, "a");
        RecordedFrame[] bad =
        [
            text with { Payload = null, Length = 5 },
            text with { IsCompressed = true, Reserved = ReservedBits.Rsv1 },
            text with { Reserved = ReservedBits.Rsv2 },
            text with { Opcode = (Opcode)3 },
        ];
        foreach (RecordedFrame frame in bad)
            await Assert.ThrowsAsync<InvalidOperationException>(() => Replay(waits: false, text, frame));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Replay(waits: false, text with { Opcode = Opcode.Continuation }));

        await _server.SendAsync("first");
        Assert.Equal("first", await _client.ReceiveTextAsync().Soon());
    }

    private Task<ReplayResult> Replay(bool waits, params RecordedFrame[] frames) =>
        new Recording(null, Sample.Started, frames).ReplayAsync(_server, _time, new ReplayOptions { WaitForClient = waits });
}
