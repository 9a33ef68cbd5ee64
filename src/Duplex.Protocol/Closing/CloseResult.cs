namespace Duplex;

/// <summary>How a session ended. Immutable.</summary>
public sealed record class CloseResult
{
    /// <summary>What our Close frame said; null if none reached the transport. <see cref="CloseReason.NoStatus"/> stands for a Close without a code.</summary>
    public CloseReason? Sent { get; init; }

    /// <summary>What the peer's Close frame said; null if none, or no legal one, came. <see cref="CloseReason.NoStatus"/> stands for a Close without a code.</summary>
    public CloseReason? Received { get; init; }

    /// <summary>Who began. Where two Closes crossed: whoever's was staged or parsed first.</summary>
    public CloseInitiator Initiator { get; init; }

    /// <summary>Whether both Closes went their way: ours was accepted by the transport, and a legal one was received (RFC 6455 §7.1.4).</summary>
    public bool WasClean { get; init; }

    /// <summary>What made the session end, or what kept its end from being clean; null if nothing did.</summary>
    public Exception? Error { get; init; }

    /// <summary>How many received frames were dropped because the end had begun and nobody took them.</summary>
    public long DiscardedMessages { get; init; }

    /// <summary>
    /// Why the session was closed, in one reason: what we sent if we began, what we received if the peer did, else <see cref="CloseReason.Abnormal"/>.
    /// </summary>
    public CloseReason Reason => (Initiator switch
    {
        CloseInitiator.Local => Sent,
        CloseInitiator.Remote => Received,
        _ => null,
    }) ?? CloseReason.Abnormal;

    /// <summary>Both reasons, who began, clean or not.</summary>
    public override string ToString() =>
        $"{(WasClean ? "clean" : "not clean")}, begun by {Initiator switch { CloseInitiator.Local => "us", CloseInitiator.Remote => "the peer", _ => "nobody" }}, " +
        $"sent {Sent?.ToString() ?? "nothing"}, received {Received?.ToString() ?? "nothing"}";
}
