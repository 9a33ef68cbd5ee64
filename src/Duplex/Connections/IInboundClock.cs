namespace Duplex;

/// <summary>Says when the peer was last heard.</summary>
internal interface IInboundClock
{
    /// <summary>When bytes came last, as a timestamp. Thread-safe.</summary>
    long LastInbound { get; }
}
