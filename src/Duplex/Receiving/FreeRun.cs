using System.Diagnostics;

namespace Duplex;

/// <summary>
/// A consumer that runs beside the receive loop, whose next read has begun. What it sends synchronously goes out before
/// our Close: an end that is read meanwhile waits for it, until half a second after it began. Thread-safe.
/// </summary>
internal sealed class FreeRun(IThreadPoolWorkItem loop, FrameQueue queue) : SharedTimer.Entry
{
    private const int Off = 0; // the default of a field
    private const int On = 1; // the consumer runs
    private const int EndWaits = 2; // for the consumer: the loop stands still
    private const int EndContinues = 3; // the loop is to continue, and has not yet

    /// <summary>A busy machine may delay a consumer that must still answer.</summary>
    private static readonly TimeSpan MostBeforeEnd = TimeSpan.FromSeconds(0.5);

    // Of the consumer that this thread runs.
    [ThreadStatic]
    private static FreeRun? _ofThread;

    // Changed by compare-exchange, except from Off, by the loop.
    private int _state;

    // Only touched by the thread that has the loop. By the system's clock: a thread blocks in real time.
    private long _began;

    public bool IsOn => Volatile.Read(ref _state) != Off;

    /// <summary>Whether nothing is read, because an end waits.</summary>
    public bool HoldsEnd => Volatile.Read(ref _state) >= EndWaits;

    /// <summary>By the loop, before another thread can continue it.</summary>
    public void Begin()
    {
        _began = Stopwatch.GetTimestamp();
        Volatile.Write(ref _state, On);
    }

    /// <summary>Runs the consumer. True if an end waits for it: the caller then has the loop.</summary>
    public bool Run(IThreadPoolWorkItem consumer)
    {
        FreeRun? outer = _ofThread;
        _ofThread = this;
        ConsumerHandoff.RunFree(consumer);
        bool hasYielded = _ofThread != this;
        _ofThread = outer;
        return !hasYielded && !TryChange(On, Off) && TryChange(EndWaits, EndContinues);
    }

    /// <summary>
    /// No end waits any more for the consumer that calls this: it is about to wait for the loop, on its thread.
    /// </summary>
    public void Yield()
    {
        if (_ofThread != this)
            return;
        _ofThread = null;
        if (!TryChange(On, Off))
            StopWaiting();
    }

    /// <summary>By the loop. False: the end waits, and the loop continues with it later.</summary>
    public bool MayEnd()
    {
        if (!TryChange(On, EndWaits))
            return true;
        try
        {
            // After the exchange: an end that begins now stops the wait.
            TimeSpan left = MostBeforeEnd - Stopwatch.GetElapsedTime(_began);
            if (left > TimeSpan.Zero && queue.IsOpen)
            {
                SharedTimer.Of(TimeProvider.System).Set(this, left);
                return false;
            }
        }
        catch (Exception) // no memory
        {
        }

        return TryChange(EndWaits, Off);
    }

    /// <summary>The consumer's answers can go out no more: an end has begun, or a write failed.</summary>
    public void StopWaiting()
    {
        if (TryChange(EndWaits, EndContinues))
            ThreadPool.UnsafeQueueUserWorkItem(loop, preferLocal: false);
    }

    /// <summary>By the loop, once it continues.</summary>
    public void OnContinue() => TryChange(EndContinues, Off);

    /// <summary>The consumer keeps its thread for too long.</summary>
    public override void OnDue() => StopWaiting();

    private bool TryChange(int from, int to) => Interlocked.CompareExchange(ref _state, to, from) == from;
}
