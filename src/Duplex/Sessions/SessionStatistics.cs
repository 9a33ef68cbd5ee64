namespace Duplex;

/// <summary>What a session has sent and received until now. Immutable.</summary>
public sealed record class SessionStatistics
{
    /// <summary>The number of text and binary messages sent.</summary>
    public long SentMessages { get; init; }

    /// <summary>The payload bytes of the messages sent, before compression.</summary>
    public long SentBytes { get; init; }

    /// <summary>The number of text and binary messages received.</summary>
    public long ReceivedMessages { get; init; }

    /// <summary>The payload bytes of the messages received, after decompression.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>The time since the last byte was received, or since the session was opened.</summary>
    public TimeSpan TimeSinceLastByte { get; init; }

    /// <summary>
    /// The time since the last message was received, or since the session was opened. Pings, pongs and replies to a
    /// <see cref="Heartbeat"/> are no messages.
    /// </summary>
    public TimeSpan TimeSinceLastMessage { get; init; }
}
