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

    private static SessionUnderTest<DefaultWebSocketSession> Open(Heartbeat heartbeat) => SessionUnderTest.Default(settings => settings with
    {
        Heartbeat = heartbeat,
        Connection = settings.Connection with { HasReplies = heartbeat.HasReplies },
    });
}
