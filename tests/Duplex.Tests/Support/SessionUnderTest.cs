namespace Duplex.Tests;

/// <summary>A session, the peer that it talks to, its clock and its pool: all that it may leave behind can be counted.</summary>
internal sealed class SessionUnderTest<TSession> : IAsyncDisposable
    where TSession : WebSocketSession
{
    private SessionUnderTest(ScriptedPeer peer, TestClock time, CountingPool pool, TSession session)
    {
        Peer = peer;
        Time = time;
        Pool = pool;
        Session = session;
    }

    public TSession Session { get; }

    public ScriptedPeer Peer { get; }

    public TestClock Time { get; }

    public CountingPool Pool { get; }

    /// <summary>Opens a session over a scripted peer. Pings are off unless <paramref name="configure"/> turns them on.</summary>
    public static SessionUnderTest<TSession> Open(Func<Stream, IDisposable, SessionSettings, TSession> open, Func<SessionSettings, SessionSettings>? configure = null)
    {
        var time = new TestClock();
        var pool = new CountingPool();
        var settings = new SessionSettings
        {
            Connection = new ConnectionSettings { Time = time, Pool = pool },
            PingInterval = Timeout.InfiniteTimeSpan,
        };
        settings = configure?.Invoke(settings) ?? settings;
        var peer = new ScriptedPeer(settings.Connection.Role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client);
        return new SessionUnderTest<TSession>(peer, time, pool, open(peer, peer, settings));
    }

    /// <summary>Receives the next frame, in words, and gives its memory back.</summary>
    public async Task<string> ReceiveAsync()
    {
        Frame frame = await Session.Incoming.ReadAsync().Soon();
        string text = Ending.Describe(frame);
        frame.Recycle();
        return text;
    }

    /// <summary>The next frame that the peer got, in words.</summary>
    public async Task<string> SentAsync() => Ending.Describe(await Peer.ReceiveAsync());

    /// <summary>Waits until so many frames can be received without waiting.</summary>
    public Task Queued(int frames) => Patience.Until(() => Session.Incoming.Count >= frames);

    /// <summary>Waits until the session is in a state.</summary>
    public Task Until(WebSocketSessionState state) => Patience.Until(() => Session.State == state);

    /// <summary>Ends the session if the test has not, and checks that nothing is left behind: no buffer, no timer, no transport, no misuse of the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        Session.Abort();
        await Session.Completion.Soon(); // by itself
        await Session.DisposeAsync().Soon();
        await Peer.Released.Soon();
        await Patience.Until(
            () => !Peer.IsUnflushed && Pool.Rented == 0, // the test's clock may outrun a write, or a read
            () => $"{Pool.Rented} arrays are rented{(Peer.IsUnflushed ? ", and a write is not flushed" : "")} (if the test itself has failed, its error is lost to this one)");
        Assert.Empty(Peer.Misuse);

        // A wait ends a moment before its timer is disposed, and Task.WaitAsync sometimes does not dispose it at all if the task completes while it begins to wait
        // (seen in 1 of 5,000 such races): such a timer fires once more, into nothing. One of ours would be armed again.
        // One may be armed only while the day passes: it fires in the minutes after it.
        Time.Advance(TimeSpan.FromDays(1));
        await Patience.Until(
            () =>
            {
                Time.Advance(TimeSpan.FromMinutes(1));
                return Time.ArmedTimers == 0;
            },
            () => $"{Time.ArmedTimers} timers are armed");
    }
}

/// <summary>Opens sessions for tests.</summary>
internal static class SessionUnderTest
{
    public static SessionUnderTest<DefaultWebSocketSession> Default(Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest<DefaultWebSocketSession>.Open(DefaultWebSocketSession.Over, configure);

    /// <summary>A default session that receives streams.</summary>
    public static SessionUnderTest<DefaultWebSocketSession> Streams(Func<SessionSettings, SessionSettings>? configure = null) =>
        Default(settings => (configure?.Invoke(settings) ?? settings) with { ReceiveMode = ReceiveMode.Streams });

    public static SessionUnderTest<WebSocketSession> Of(SessionKind kind, Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest<WebSocketSession>.Open(kind == SessionKind.Raw ? RawWebSocketSession.Over : DefaultWebSocketSession.Over, configure);

    public static SessionUnderTest<RawWebSocketSession> Raw(Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest<RawWebSocketSession>.Open(RawWebSocketSession.Over, configure);
}
