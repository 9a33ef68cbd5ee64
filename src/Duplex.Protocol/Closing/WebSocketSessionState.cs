namespace Duplex;

/// <summary>The state of a session from open to ended.</summary>
public enum WebSocketSessionState
{
    /// <summary>Frames can be sent and received.</summary>
    Open,

    /// <summary>We began to close: nothing follows our Close.</summary>
    Closing,

    /// <summary>The peer began to close, and our Close is sent or about to be.</summary>
    PeerClosing,

    /// <summary>Nothing is sent or received. The transport is released or about to be.</summary>
    Ended,
}
