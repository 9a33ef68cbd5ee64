namespace Duplex;

/// <summary>
/// A session that gives every frame of the wire as it came, and answers nothing: pings, pongs and the peer's Close are the user's. The rules of RFC 6455 hold as strictly as
/// anywhere.
/// </summary>
/// <remarks>The peer's Close is the last frame; answer it by a Close of your own, or by disposing the session.</remarks>
public class RawWebSocketSession : WebSocketSession, IFrameReceiver
{
    private protected RawWebSocketSession(Stream stream, IDisposable owner, SessionSettings settings) : base(stream, owner, AssemblerOutput.Frames, settings) =>
        Lifetime.Start(this, keepAlive: null);

    bool IFrameReceiver.HasRoom => Queue.MayAdd;

    /// <summary>A session over a duplex stream.</summary>
    internal static RawWebSocketSession Over(Stream stream, IDisposable owner, SessionSettings settings) => new(stream, owner, settings);

    void IFrameReceiver.OnFrame(Frame frame) => Enqueue(frame);

    void IFrameReceiver.OnClose(Frame.Close close)
    {
        // Read before the frame is the user's, who may recycle it.
        CloseReason reason = close.ReadReason() ?? CloseReason.NoStatus;
        Enqueue(close);
        Lifetime.OnPeerClose(reason, answer: false);
    }

    void IFrameReceiver.OnBatchEnd() => Queue.Publish();

    Task IFrameReceiver.WaitForRoomAsync() => Queue.WaitForRoomAsync();
}
