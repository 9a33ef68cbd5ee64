namespace Duplex;

/// <summary>What a queue holds. Thread-safe.</summary>
internal interface IQueueDepth
{
    (long Frames, long Bytes) Depth { get; }
}
