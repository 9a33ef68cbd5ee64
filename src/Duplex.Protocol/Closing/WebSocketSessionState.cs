namespace Duplex;

/// <summary>The state of a session from open to ended.</summary>
public enum WebSocketSessionState
{
    /// <summary>Frames can be sent and received.</summary>
    Open,

    /// <summary>We began to close: our Close is sent or about to be, and nothing follows it.</summary>
    Closing,

    /// <summary>The peer began to close: its Close was received, and ours is sent or about to be.</summary>
    PeerClosing,

    /// <summary>Nothing is sent or received any more. The transport is released or about to be.</summary>
    Ended,
}
