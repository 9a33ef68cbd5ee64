namespace Duplex;

/// <summary>
/// A consumer that runs beside the receive loop, whose next read has begun. What it sends synchronously goes out before
/// our Close: an end that is read meanwhile waits for it, for half a second at most. Thread-safe.
/// </summary>
internal sealed class FreeRun(IThreadPoolWorkItem loop, FrameQueue queue) : SharedTimer.Entry
{
    private const int Off = 0; // the default of a field
    private const int On = 1; // the consumer runs
    private const int EndWaits = 2; // for the consumer: the loop stands still

    /// <summary>A busy machine may delay a consumer that must still answer.</summary>
    private static readonly TimeSpan MostBeforeEnd = TimeSpan.FromSeconds(0.5);

    // From On by compare-exchange, or by the consumer's thread.
    private int _state;

    public bool IsOn => Volatile.Read(ref _state) != Off;

    /// <summary>Whether nothing is read, because an end waits.</summary>
    public bool HoldsEnd => Volatile.Read(ref _state) == EndWaits;

    /// <summary>By the loop, before another thread can continue it.</summary>
    public void Begin() => Volatile.Write(ref _state, On);

    /// <summary>The consumer is done. True if an end waits for it: the caller then has the loop.</summary>
    public bool Finish() => Interlocked.Exchange(ref _state, Off) == EndWaits;

    /// <summary>By the loop. False: the end waits, and the loop continues with it later.</summary>
    public bool MayEnd()
    {
        if (Interlocked.CompareExchange(ref _state, EndWaits, On) != On)
            return true;
        try
        {
            // After the exchange: an end that begins now stops the wait.
            if (queue.IsOpen)
            {
                // By the system's clock: a thread blocks in real time.
                SharedTimer.Of(TimeProvider.System).Set(this, MostBeforeEnd);
                return false;
            }
        }
        catch (Exception) // no memory
        {
        }

        return TryStopWaiting();
    }

    /// <summary>The consumer's answers can go out no more: an end has begun, or a write failed.</summary>
    public void StopWaiting()
    {
        if (TryStopWaiting())
            ThreadPool.UnsafeQueueUserWorkItem(loop, preferLocal: false);
    }

    /// <summary>The consumer keeps its thread for too long.</summary>
    public override void OnDue() => StopWaiting();

    private bool TryStopWaiting() => Interlocked.CompareExchange(ref _state, Off, EndWaits) == EndWaits;
}
