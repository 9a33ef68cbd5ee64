namespace Duplex;

/// <summary>How much a session's queue holds, and what happens when it is full. Immutable and so thread-safe.</summary>
public sealed class ChannelConfig
{
    private ChannelConfig(int capacity, long maxBytes, ChannelOverflow overflow)
    {
        Capacity = capacity;
        MaxBytes = maxBytes;
        Overflow = overflow;
    }

    /// <summary>No bound at all: memory is the limit. Only for a peer that is trusted not to send faster than it is received.</summary>
    public static ChannelConfig Unlimited { get; } = new(int.MaxValue, long.MaxValue, ChannelOverflow.Suspend);

    /// <summary>4,096 frames and 4 MiB, suspend.</summary>
    public static ChannelConfig DefaultIncoming { get; } = new(4096, 4 * 1024 * 1024, ChannelOverflow.Suspend);

    /// <summary>4,096 frames and 256 KiB, suspend.</summary>
    public static ChannelConfig DefaultOutgoing { get; } = new(4096, 256 * 1024, ChannelOverflow.Suspend);

    /// <summary>The most frames; <see cref="int.MaxValue"/> if there is no such bound.</summary>
    public int Capacity { get; }

    /// <summary>
    /// The most bytes; <see cref="long.MaxValue"/> if there is no such bound. One frame always fits an empty queue, however large it is. An incoming queue that suspends is full once it
    /// holds so many, so the last frame in it may exceed them by its own size.
    /// </summary>
    public long MaxBytes { get; }

    /// <summary>What happens when the queue is full.</summary>
    public ChannelOverflow Overflow { get; }

    /// <summary>Whether there is no bound.</summary>
    public bool IsUnlimited => Capacity == int.MaxValue && MaxBytes == long.MaxValue;

    /// <summary>Bounds a queue in frames and bytes; whichever is reached first makes it full.</summary>
    /// <param name="capacity">The most frames, at least 1; <see cref="int.MaxValue"/> for no such bound.</param>
    /// <param name="maxBytes">
    /// The most bytes, at least 1; by default <see cref="long.MaxValue"/>, no such bound.
    /// </param>
    /// <param name="overflow">What happens when the queue is full; by default whoever fills it waits.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is zero or negative, or <paramref name="overflow"/> is not one of its values.</exception>
    public static ChannelConfig Bounded(
        int capacity, long maxBytes = long.MaxValue, ChannelOverflow overflow = ChannelOverflow.Suspend)
    {
        if (capacity <= 0)
            throw new ArgumentOutOfRangeException(nameof(capacity), $"A queue holds at least 1 frame; got {capacity}. Use int.MaxValue for no bound in frames.");
        if (maxBytes <= 0)
            throw new ArgumentOutOfRangeException(nameof(maxBytes), $"A queue holds at least 1 byte; got {maxBytes}. Use long.MaxValue for no bound in bytes.");
        if (!Enum.IsDefined(overflow))
            throw new ArgumentOutOfRangeException(nameof(overflow), $"Expected Suspend or Close; got {(int)overflow}.");
        return new ChannelConfig(capacity, maxBytes, overflow);
    }
}
