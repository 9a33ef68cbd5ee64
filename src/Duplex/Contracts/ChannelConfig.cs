namespace Duplex;

/// <summary>The bounds of a session's queue, and what happens when it is full. Immutable and thread-safe.</summary>
public sealed class ChannelConfig
{
    private ChannelConfig(int capacity, long maxBytes, ChannelOverflow overflow)
    {
        Capacity = capacity;
        MaxBytes = maxBytes;
        Overflow = overflow;
    }

    /// <summary>No bounds. Only for a trusted peer that sends no faster than you receive.</summary>
    public static ChannelConfig Unlimited { get; } = new(int.MaxValue, long.MaxValue, ChannelOverflow.Suspend);

    /// <summary>4,096 frames and 4 MiB; when full, it suspends.</summary>
    public static ChannelConfig DefaultIncoming { get; } = new(4096, 4 * 1024 * 1024, ChannelOverflow.Suspend);

    /// <summary>4,096 frames and 256 KiB; when full, it suspends.</summary>
    public static ChannelConfig DefaultOutgoing { get; } = new(4096, 256 * 1024, ChannelOverflow.Suspend);

    /// <summary>The most frames; <see cref="int.MaxValue"/> for no bound.</summary>
    public int Capacity { get; }

    /// <summary>
    /// The most bytes; <see cref="long.MaxValue"/> for no bound. An empty queue accepts any frame; an incoming queue
    /// that suspends may exceed the bound by its last frame.
    /// </summary>
    public long MaxBytes { get; }

    /// <summary>What happens when the queue is full.</summary>
    public ChannelOverflow Overflow { get; }

    /// <summary>Whether there are no bounds.</summary>
    public bool IsUnlimited => Capacity == int.MaxValue && MaxBytes == long.MaxValue;

    /// <summary>Creates bounds; the queue is full when either is reached.</summary>
    /// <param name="capacity">Frames, at least 1; <see cref="int.MaxValue"/> for no bound.</param>
    /// <param name="maxBytes">Bytes, at least 1. Default: no bound.</param>
    /// <param name="overflow">What happens when it is full. Default: the producer waits.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A bound is below 1, or <paramref name="overflow"/> is undefined.
    /// </exception>
    public static ChannelConfig Bounded(
        int capacity, long maxBytes = long.MaxValue, ChannelOverflow overflow = ChannelOverflow.Suspend)
    {
        if (capacity <= 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(capacity),
                $"A queue holds at least 1 frame; got {capacity}. Use int.MaxValue for no bound in frames.");
        }

        if (maxBytes <= 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(maxBytes),
                $"A queue holds at least 1 byte; got {maxBytes}. Use long.MaxValue for no bound in bytes.");
        }

        if (!Enum.IsDefined(overflow))
            throw new ArgumentOutOfRangeException(nameof(overflow), $"Expected Suspend or Close; got {(int)overflow}.");
        return new ChannelConfig(capacity, maxBytes, overflow);
    }
}
