namespace Duplex.Testing;

/// <summary>What a recorder may still keep, over all its connections.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class RecordingBudget(long payloadBytes, long frames)
{
    // Changed by atomic additions.
    private long _payloadBytes = payloadBytes;
    private long _frames = frames;

    public bool TryTakeFrame() => TryTake(ref _frames, 1);

    public bool TryTakePayload(long bytes) => TryTake(ref _payloadBytes, bytes);

    public void ReturnPayload(long bytes) => Interlocked.Add(ref _payloadBytes, bytes);

    private static bool TryTake(ref long rest, long count)
    {
        if (Interlocked.Add(ref rest, -count) >= 0)
            return true;
        Interlocked.Add(ref rest, count);
        return false;
    }
}
