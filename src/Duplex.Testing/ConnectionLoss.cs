namespace Duplex.Testing;

/// <summary>How a connection is lost without a close handshake.</summary>
public enum ConnectionLoss
{
    /// <summary>The client gets what was sent, then a reset: reads and writes fail, as after TCP's RST.</summary>
    Reset = 0,

    /// <summary>The client gets what was sent, then the end of the stream, as after TCP's FIN. Writes fail.</summary>
    EndOfStream = 1,

    /// <summary>Nothing arrives any more in either direction, and nothing fails, as after a pulled cable.</summary>
    Silence = 2,
}
