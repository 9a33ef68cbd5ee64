namespace Duplex;

/// <summary>Where a session stands between open and ended.</summary>
public enum WebSocketSessionState
{
    /// <summary>Frames go both ways.</summary>
    Open,

    /// <summary>We began the end: our Close is sent or about to be, nothing follows it.</summary>
    Closing,

    /// <summary>The peer began the end: its Close was received, ours is sent or about to be.</summary>
    PeerClosing,

    /// <summary>Nothing goes either way any more. The transport is released, or about to be.</summary>
    Ended,
}
