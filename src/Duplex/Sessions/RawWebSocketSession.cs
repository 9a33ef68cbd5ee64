namespace Duplex;

/// <summary>
/// A session that gives every frame of the wire as it came, and answers nothing: pings, pongs and the peer's Close are the user's. The rules of RFC 6455 hold as strictly as
/// anywhere.
/// </summary>
/// <remarks>The peer's Close is the last frame; answer it by a Close of your own, or by disposing the session.</remarks>
public class RawWebSocketSession : WebSocketSession
{
    private protected RawWebSocketSession(Stream stream, IDisposable owner, SessionSettings settings) : base(stream, owner, AssemblerOutput.Frames, settings) =>
        Lifetime.Start(keepAlive: null);

    private protected override bool AnswersClose => false;

    /// <summary>A session over a duplex stream.</summary>
    internal static RawWebSocketSession Over(Stream stream, IDisposable owner, SessionSettings settings) => new(stream, owner, settings);
}
