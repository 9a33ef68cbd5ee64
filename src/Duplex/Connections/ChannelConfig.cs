namespace Duplex;

/// <summary>How much a session's queue holds, and what happens when it is full. Immutable.</summary>
public sealed class ChannelConfig
{
    private ChannelConfig(int capacity, long maxBytes, ChannelOverflow overflow)
    {
        Capacity = capacity;
        MaxBytes = maxBytes;
        Overflow = overflow;
    }

    /// <summary>No bound at all: memory is the limit.</summary>
    public static ChannelConfig Unlimited { get; } = new(int.MaxValue, long.MaxValue, ChannelOverflow.Suspend);

    /// <summary>4,096 frames and 4 MiB, suspend.</summary>
    public static ChannelConfig DefaultIncoming { get; } = new(4096, 4 * 1024 * 1024, ChannelOverflow.Suspend);

    /// <summary>4,096 frames and 256 KiB, suspend.</summary>
    public static ChannelConfig DefaultOutgoing { get; } = new(4096, 256 * 1024, ChannelOverflow.Suspend);

    /// <summary>The most frames.</summary>
    public int Capacity { get; }

    /// <summary>The most payload bytes. One frame always fits an empty queue, however large it is.</summary>
    public long MaxBytes { get; }

    /// <summary>What happens when the queue is full.</summary>
    public ChannelOverflow Overflow { get; }

    /// <summary>Whether there is no bound.</summary>
    public bool IsUnlimited => Capacity == int.MaxValue && MaxBytes == long.MaxValue;

    /// <summary>Bounds a queue in frames and bytes.</summary>
    public static ChannelConfig Bounded(int capacity, long maxBytes, ChannelOverflow overflow = ChannelOverflow.Suspend)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        return new ChannelConfig(capacity, maxBytes, overflow);
    }
}
