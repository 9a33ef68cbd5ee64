namespace Duplex;

/// <summary>How a session ended. Immutable.</summary>
public sealed record class CloseResult
{
    /// <summary>
    /// The reason in our Close, <see cref="CloseReason.NoStatus"/> without a code; null if none reached the transport.
    /// </summary>
    public CloseReason? Sent { get; init; }

    /// <summary>
    /// The reason in the peer's Close, <see cref="CloseReason.NoStatus"/> without a code; null if no valid one was
    /// received.
    /// </summary>
    public CloseReason? Received { get; init; }

    /// <summary>The side that began; if two Closes crossed, that of the Close buffered or parsed first.</summary>
    public CloseInitiator Initiator { get; init; }

    /// <summary>
    /// Whether the close handshake completed: the transport accepted our Close, and a valid one was received (RFC 6455
    /// §7.1.4).
    /// </summary>
    public bool WasClean { get; init; }

    /// <summary>The error that ended the session, or kept its end from being clean; null for none.</summary>
    public Exception? Error { get; init; }

    /// <summary>The number of received frames dropped before a consumer took them.</summary>
    public long DiscardedMessages { get; init; }

    /// <summary>
    /// <see cref="Sent"/> if we began, <see cref="Received"/> if the peer began, otherwise
    /// <see cref="CloseReason.Abnormal"/>.
    /// </summary>
    public CloseReason Reason => (Initiator switch
    {
        CloseInitiator.Local => Sent,
        CloseInitiator.Remote => Received,
        _ => null,
    }) ?? CloseReason.Abnormal;

    /// <summary>Returns whether the end was clean, the side that began, and both reasons.</summary>
    public override string ToString() =>
        $"{(WasClean ? "clean" : "not clean")}, begun by " +
        $"{Initiator switch { CloseInitiator.Local => "us", CloseInitiator.Remote => "the peer", _ => "no side" }}, " +
        $"sent {Sent?.ToString() ?? "nothing"}, received {Received?.ToString() ?? "nothing"}";
}
