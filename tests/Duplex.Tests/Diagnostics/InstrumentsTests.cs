namespace Duplex.Tests;

public sealed class InstrumentsTests : IDisposable
{
    private const string Server = "server.address=host.test server.port=8443 url.scheme=wss";
    private static readonly Uri Target = new("wss://host.test:8443/feed");
    private readonly MeterProbe _probe = new();

    public void Dispose() => _probe.Dispose();

    private SessionUnderTest<DefaultWebSocketSession> Open(Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest.Default(settings => Measured(configure?.Invoke(settings) ?? settings));

    private SessionSettings Measured(SessionSettings settings) => settings with { Telemetry = new() { Instruments = _probe.Instruments, Target = Target } };

    [Fact]
    public void The_meter_has_the_version_of_the_package()
    {
        _ = _probe.Instruments;

        Assert.All(_probe.Published, instrument => Assert.Matches(@"^\d+\.\d+\.\d+(-[\w.]+)?$", instrument.Meter.Version));
    }

    [Fact]
    public async Task Messages_and_their_bytes_are_counted_by_direction_and_type()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        test.Peer.SendFrame(Opcode.Text, "four"u8);
        test.Peer.SendFrame(Opcode.Text, "two"u8, fin: false);
        test.Peer.SendFrame(Opcode.Continuation, "parts"u8);
        test.Peer.SendFrame(Opcode.Binary, new byte[100]);
        await test.Queued(3);
        await test.Session.SendAsync("hello");
        await test.Session.SendAsync(new Frame.Text(fin: false, "a"u8.ToArray()));
        await test.Session.SendAsync(new Frame.Text(fin: true, "bc"u8.ToArray()));
        await test.Session.SendAsync(new byte[7]);
        await test.Session.SendAsync(new Frame.Ping());
        await test.Session.FlushAsync().Soon();
        test.Peer.SendEof();
        await test.Session.Completion.Soon();

        Assert.Equal((2, 12), Sums("receive", "text"));
        Assert.Equal((1, 100), Sums("receive", "binary"));
        Assert.Equal((2, 8), Sums("transmit", "text"));
        Assert.Equal((1, 7), Sums("transmit", "binary"));
        Assert.Contains($"1 {Server} network.io.direction=receive duplex.message.type=binary", _probe.Of("duplex.messages"));
    }

    [Fact]
    public async Task Parts_of_a_stream_count_as_one_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(Measured);

        test.Peer.SendFrame(Opcode.Binary, new byte[10], fin: false);
        test.Peer.SendFrame(Opcode.Continuation, new byte[5]);
        await using (WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().AsTask().Soon())!)
            await message.CopyToAsync(Stream.Null);
        await test.Session.SendAsync(new MemoryStream(new byte[200_000]), default(CancellationToken)).AsTask().Soon();
        test.Peer.SendEof();
        await test.Session.Completion.Soon();

        Assert.Equal((1, 15), Sums("receive", "binary"));
        Assert.Equal((1, 200_000), Sums("transmit", "binary"));
    }

    [Fact]
    public async Task A_message_that_could_not_be_sent_is_not_counted()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Session.Abort();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("x").AsTask().Soon());
        await test.Session.Completion.Soon();

        Assert.Equal((0, 0), Sums("transmit", "text"));
    }

    [Fact]
    public async Task A_live_session_is_seen_with_its_queue_until_it_has_ended()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendFrame(Opcode.Binary, new byte[100]);
        test.Peer.SendFrame(Opcode.Binary, new byte[50]);
        await test.Queued(2);

        Assert.Equal([$"1 {Server}"], _probe.Of("duplex.active_sessions"));
        Assert.Equal($"2 {Server}", _probe.Of("duplex.incoming_queue.frames")[^1]);
        Assert.Equal($"150 {Server}", _probe.Of("duplex.incoming_queue.size")[^1]);

        await test.ReceiveAsync();
        Assert.Equal($"1 {Server}", _probe.Of("duplex.incoming_queue.frames")[^1]);
        Assert.Equal($"50 {Server}", _probe.Of("duplex.incoming_queue.size")[^1]);

        test.Peer.SendEof();
        await test.Session.Completion.Soon();
        Assert.Equal($"0 {Server}", _probe.Of("duplex.active_sessions")[^1]); // an alert needs the 0
        Assert.Equal($"0 {Server}", _probe.Of("duplex.incoming_queue.size")[^1]);
    }

    [Fact]
    public async Task No_more_than_a_hundred_servers_are_kept_when_they_have_no_session()
    {
        for (int i = 0; i < 120; i++)
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(
                settings => settings with { Telemetry = new() { Instruments = _probe.Instruments, Target = new Uri($"ws://host{i}.test/") } });
            test.Peer.SendEof();
            await test.Session.Completion.Soon();
        }

        Assert.Equal(100, _probe.Of("duplex.active_sessions").Count);
    }

    [Fact]
    public async Task Sessions_with_one_server_are_one_measurement()
    {
        await using SessionUnderTest<DefaultWebSocketSession> one = Open(), two = Open();
        await using SessionUnderTest<DefaultWebSocketSession> overStream =
            SessionUnderTest.Default(settings => settings with { Telemetry = new() { Instruments = _probe.Instruments } });

        Assert.Equal([$"2 {Server}", "1"], _probe.Of("duplex.active_sessions"));
    }

    [Theory]
    [InlineData("peer", "duplex.close.initiator=remote duplex.close.code=4001")]
    [InlineData("close", "duplex.close.initiator=local duplex.close.code=4000")]
    [InlineData("lost", "duplex.close.initiator=none duplex.close.code=1006 error.type=System.IO.EndOfStreamException")]
    [InlineData("abort", "duplex.close.initiator=local duplex.close.code=1006 error.type=unclean")]
    [InlineData("violation", "duplex.close.initiator=local duplex.close.code=1002 error.type=Duplex.WebSocketProtocolException")]
    public async Task An_end_is_measured_with_who_began_and_how(string end, string tags)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Time.Advance(TimeSpan.FromSeconds(7));

        switch (end)
        {
            case "peer":
                test.Peer.SendClose(new CloseReason(4001, "ok"));
                test.Peer.SendEof();
                break;
            case "close":
                Task closing = test.Session.CloseAsync((CloseCode)4000, "bye");
                await test.SentAsync();
                test.Peer.SendClose(new CloseReason(4001, "ok"));
                test.Peer.SendEof();
                await closing.Soon();
                break;
            case "lost": test.Peer.SendEof(); break;
            case "abort": test.Session.Abort(); break;
            case "violation":
                test.Peer.SendFrame((Opcode)3, "x"u8);
                test.Peer.SendEof();
                break;
        }

        await test.Session.Completion.Soon();
        Assert.Equal([$"7 {Server} {tags}"], _probe.Of("duplex.session.duration"));
    }

    [Fact]
    public async Task A_ping_is_measured_until_its_pong()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();

        Task<TimeSpan> ping = test.Session.PingAsync();
        Frame sent = await test.Peer.ReceiveAsync();
        test.Time.Advance(TimeSpan.FromMilliseconds(250));
        test.Peer.SendFrame(Opcode.Pong, sent.Data.Span);
        await ping.Soon();

        await Patience.Until(() => _probe.Of("duplex.ping.duration") is [_]);
        Assert.Equal([$"0.25 {Server}"], _probe.Of("duplex.ping.duration"));
    }

    [Fact]
    public async Task The_time_that_a_send_waits_for_room_is_measured()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings => settings with
        {
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1) },
        });
        test.Peer.BlockWrites();
        await test.Session.SendAsync("written");
        await test.Session.SendAsync("staged");
        Task waiting = test.Session.SendAsync("waits").AsTask();
        Assert.False(waiting.IsCompleted);

        test.Time.Advance(TimeSpan.FromSeconds(2));
        test.Peer.UnblockWrites();
        await waiting.Soon();

        Assert.Equal([$"2 {Server}"], _probe.Of("duplex.send.wait.duration"));
    }

    [Fact]
    public async Task A_listener_that_throws_disturbs_no_session()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        _probe.Throws = new InvalidCastException("The listener is full.");

        test.Peer.SendFrame(Opcode.Text, "in"u8);
        Assert.Equal("in", await test.ReceiveAsync());
        await test.Session.SendAsync("out");
        Assert.Equal("out", await test.SentAsync());
        test.Peer.SendClose(CloseReason.Normal);
        test.Peer.SendEof();

        Assert.True((await test.Session.Completion.Soon()).WasClean);
        _probe.Throws = null;
        Assert.Equal([$"0 {Server}"], _probe.Of("duplex.active_sessions"));
    }

    [Fact]
    public void A_factory_has_one_set_of_instruments()
    {
        Assert.Same(_probe.Instruments, Instruments.Of(_probe));
        Assert.Same(Instruments.Default, Instruments.Of(null));
        Assert.NotSame(Instruments.Default, _probe.Instruments);
        Assert.All(_probe.Published, instrument => Assert.Equal("Duplex", instrument.Meter.Name));
    }

    [Fact]
    public async Task Without_a_listener_nothing_is_enabled()
    {
        using var silent = new MeterProbe(listens: false);
        Assert.False(silent.Instruments.CountsTraffic);
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { Telemetry = new() { Instruments = silent.Instruments } });

        await test.Session.SendAsync("x");
        await test.Session.FlushAsync().Soon();

        Assert.All(silent.Published, instrument => Assert.False(instrument.Enabled));
    }

    private (double Messages, double Bytes) Sums(string direction, string type)
    {
        string tags = $"network.io.direction={direction} duplex.message.type={type}";
        return (_probe.Sum("duplex.messages", tags), _probe.Sum("duplex.message.io", tags));
    }
}
