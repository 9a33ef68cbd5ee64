namespace Duplex;

/// <summary>
/// Delivers every frame as received and answers none: you answer pings and the peer's Close. The rules of RFC 6455 are
/// enforced as in any session.
/// </summary>
/// <remarks>The peer's Close is the last frame. Answer it with a Close of your own, or dispose the session.</remarks>
public class RawWebSocketSession : WebSocketSession
{
    private protected RawWebSocketSession(Stream stream, IDisposable owner, SessionSettings settings)
        : base(stream, owner, AssemblerOutput.Frames, settings) =>
        Lifetime.Start(keepAlive: null);

    private protected override bool AnswersClose => false;

    internal static RawWebSocketSession Over(Stream stream, IDisposable owner, SessionSettings settings) =>
        new(stream, owner, settings);
}
