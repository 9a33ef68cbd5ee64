using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

/// <summary>A session, the peer that it talks to, its clock and its pool: all that it may leave behind can be counted.</summary>
internal sealed class SessionUnderTest<TSession> : IAsyncDisposable
    where TSession : WebSocketSession
{
    private SessionUnderTest(ScriptedPeer peer, FakeTimeProvider time, CountingPool pool, TSession session)
    {
        Peer = peer;
        Time = time;
        Pool = pool;
        Session = session;
    }

    public TSession Session { get; }

    public ScriptedPeer Peer { get; }

    public FakeTimeProvider Time { get; }

    public CountingPool Pool { get; }

    /// <summary>Opens a session over a scripted peer. Pings are off unless <paramref name="configure"/> turns them on.</summary>
    public static SessionUnderTest<TSession> Open(Func<Stream, IDisposable, SessionSettings, TSession> open, Func<SessionSettings, SessionSettings>? configure = null)
    {
        var time = new FakeTimeProvider();
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

    /// <summary>Ends the session if the test has not, and checks that nothing is left behind: no buffer, no transport, no misuse of the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        Session.Abort();
        await Session.DisposeAsync().Soon();
        await Peer.Released.Soon();
        Assert.Empty(Peer.Misuse);
        Assert.Equal(0, Pool.Rented);
    }
}

/// <summary>Opens sessions for tests.</summary>
internal static class SessionUnderTest
{
    public static SessionUnderTest<DefaultWebSocketSession> Default(Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest<DefaultWebSocketSession>.Open(DefaultWebSocketSession.Over, configure);

    public static SessionUnderTest<RawWebSocketSession> Raw(Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest<RawWebSocketSession>.Open(RawWebSocketSession.Over, configure);
}
