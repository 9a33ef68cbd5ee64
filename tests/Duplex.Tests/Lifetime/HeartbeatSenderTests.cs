namespace Duplex.Tests;

public sealed class HeartbeatSenderTests
{
    [Fact]
    public async Task A_message_never_goes_into_an_unfinished_message_of_the_application()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(new Heartbeat("ping") { Interval = TimeSpan.FromSeconds(20) });
        await test.Session.SendAsync(new Frame.Text(fin: false, "a"u8.ToArray()));

        await test.Time.Pass(TimeSpan.FromSeconds(20));
        await test.Time.Armed(TimeSpan.FromSeconds(20));
        await test.Session.SendAsync(new Frame.Text(fin: true, "b"u8.ToArray()));
        await test.Time.Pass(TimeSpan.FromSeconds(20));

        Frame first = await test.Peer.ReceiveAsync(), second = await test.Peer.ReceiveAsync(), third = await test.Peer.ReceiveAsync();
        Assert.Equal(["a", "b", "ping"], new[] { first, second, third }.Select(frame => System.Text.Encoding.UTF8.GetString(frame.Data.Span)));
    }

    [Fact]
    public async Task One_that_the_transport_does_not_take_is_not_followed_by_another()
    {
        using var peer = new ScriptedPeer();
        peer.BlockWrites();
        var reports = new SessionReports();
        var pump = new SendPump(peer, new SendBuffer(new FrameWriter(WebSocketRole.Client), ChannelConfig.DefaultOutgoing), TimeProvider.System, reports, TestTelemetry.Of());
        var sender = new FrameSender(pump, new CloseState(), new ConnectionSettings(), reports, TestTelemetry.Of());
        var heartbeats = new HeartbeatSender(new Heartbeat("ping"), sender, pump, TimeProvider.System);

        Assert.True(await heartbeats.TryEnterAsync().Soon());
        Task first = heartbeats.SendAsync(1);
        Assert.False(await heartbeats.TryEnterAsync().Soon());
        Assert.False(first.IsCompleted);
        peer.UnblockWrites();

        await first.Soon();
        Assert.True(await heartbeats.TryEnterAsync().Soon());
        await heartbeats.SendAsync(2).Soon();
        pump.Stop();
    }

    [Fact]
    public async Task One_that_could_not_begin_leaves_the_turn_to_the_next()
    {
        using var peer = new ScriptedPeer();
        var reports = new SessionReports();
        var pump = new SendPump(peer, new SendBuffer(new FrameWriter(WebSocketRole.Client), ChannelConfig.DefaultOutgoing), TimeProvider.System, reports, TestTelemetry.Of());
        var sender = new FrameSender(pump, new CloseState(), new ConnectionSettings(), reports, TestTelemetry.Of());
        var heartbeats = new HeartbeatSender(new Heartbeat("ping"), sender, pump, TimeProvider.System);
        await sender.SendAsync(new Frame.Text(fin: false, "a"u8.ToArray()), default, TestContext.Current.CancellationToken);
        Assert.False(await heartbeats.TryEnterAsync().Soon());

        await sender.SendAsync(new Frame.Text(fin: true, "b"u8.ToArray()), default, TestContext.Current.CancellationToken);

        Assert.True(await heartbeats.TryEnterAsync().Soon());
        await heartbeats.SendAsync(1).Soon();
        pump.Stop();
    }

    [Fact]
    public void A_reply_that_nobody_asked_for_tells_no_round_trip_time_and_one_that_was_does()
    {
        using var peer = new ScriptedPeer();
        var time = new TestClock();
        var reports = new SessionReports();
        var pump = new SendPump(peer, new SendBuffer(new FrameWriter(WebSocketRole.Client), ChannelConfig.DefaultOutgoing), time, reports, TestTelemetry.Of());
        var sender = new FrameSender(pump, new CloseState(), new ConnectionSettings(), reports, TestTelemetry.Of());
        var heartbeats = new HeartbeatSender(new Heartbeat("ping", "pong"), sender, pump, time);

        Assert.True(heartbeats.TryTakeReply(new Frame.Text("pong"), out ulong unasked));
        Assert.Equal((0UL, null), (unasked, heartbeats.LastRoundTripTime));
        Assert.True(heartbeats.TryEnterAsync().IsCompletedSuccessfully);
        _ = heartbeats.SendAsync(3);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(heartbeats.TryTakeReply(new Frame.Text("other"), out _));
        Assert.True(heartbeats.TryTakeReply(new Frame.Text("pong"), out ulong answered));

        Assert.Equal((3UL, TimeSpan.FromSeconds(2)), (answered, heartbeats.LastRoundTripTime));
        pump.Stop();
    }

    private static SessionUnderTest<DefaultWebSocketSession> Open(Heartbeat heartbeat) => SessionUnderTest.Default(settings => settings with
    {
        Heartbeat = heartbeat,
        Connection = settings.Connection with { HasReplies = heartbeat.HasReplies },
    });
}
