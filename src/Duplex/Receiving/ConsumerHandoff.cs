using System.Runtime.ExceptionServices;

namespace Duplex;

/// <summary>
/// Runs a woken consumer on the receive loop's own thread, with its frames still in the cache. If it blocks, a watch
/// moves the loop to the thread pool. Thread-safe.
/// </summary>
internal sealed class ConsumerHandoff(IThreadPoolWorkItem loop)
{
    // 0 for none. The thread that continues the loop sets it to 0, by compare-exchange.
    private int _running;

    // Only touched by the thread that has the loop.
    private int _runs;

    // Whether the session's end waits for the consumer. Set by the thread that has the loop, read by any.
    private volatile bool _isBeforeEnd;

    // Set by the thread that reclaims the loop, cleared by the loop; read by any.
    private volatile bool _isReclaimed;

    // Set while this thread runs a consumer that no loop waits for.
    [ThreadStatic]
    private static bool _runsFree;

    /// <summary>Whether the loop has not continued yet since it was reclaimed.</summary>
    public bool IsReclaimed => _isReclaimed;

    /// <summary>Whether this is a pool thread without a context, which runs no other consumer.</summary>
    public static bool CanRunHere =>
        Thread.CurrentThread.IsThreadPoolThread && Watch.IsFree && !_runsFree && SynchronizationContext.Current is null;

    /// <summary>
    /// Runs a consumer, here or on the pool, that may block: the caller has nothing left to do for its session.
    /// </summary>
    public static void RunFree(IThreadPoolWorkItem consumer)
    {
        if (!CanRunHere)
        {
            ThreadPool.UnsafeQueueUserWorkItem(consumer, preferLocal: false);
            return;
        }

        ExecutionContext? ambient = ExecutionContext.Capture();
        _runsFree = true;
        Execute(consumer);
        _runsFree = false;
        Restore(ambient);
    }

    // What the consumer throws ends the process, as on the pool, but not the caller.
    private static void Execute(IThreadPoolWorkItem consumer)
    {
        try
        {
            consumer.Execute();
        }
        catch (Exception e)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static error => error.Throw(), ExceptionDispatchInfo.Capture(e), preferLocal: false);
        }
    }

    /// <summary>Runs a consumer, here or on the pool; false if the loop was reclaimed.</summary>
    public bool Run(IThreadPoolWorkItem consumer, bool beforeEnd = false)
    {
        if (!CanRunHere)
        {
            ThreadPool.UnsafeQueueUserWorkItem(consumer, preferLocal: false);
            return true;
        }

        _isBeforeEnd = beforeEnd;
        ExecutionContext? ambient = ExecutionContext.Capture();
        Lend();
        Execute(consumer);
        int run = Watch.End();
        Restore(ambient);
        return TryEnd(run);
    }

    /// <summary>
    /// Takes the loop over for one turn. Not within a context: a careless stream would continue in it.
    /// </summary>
    public bool TryBorrow() =>
        Watch.RunOf(this) is not 0 and var run && SynchronizationContext.Current is null
            && TaskScheduler.Current == TaskScheduler.Default && TryEnd(run);

    public void Return(bool beforeEnd)
    {
        _isBeforeEnd = beforeEnd;
        Lend();
    }

    /// <summary>Stops waiting for a consumer, except before the session's end: its answers must go out first.</summary>
    public void Reclaim()
    {
        int run = Volatile.Read(ref _running); // before the flag, which is set before its run begins
        if (!_isBeforeEnd)
            Reclaim(run);
    }

    public void Yield() => Reclaim(Watch.RunOf(this));

    public void OnContinue() => _isReclaimed = false;

    private void Lend()
    {
        if (++_runs == 0)
            _runs = 1;
        Watch.Begin(this, _runs);
        Volatile.Write(ref _running, _runs);
    }

    private void Reclaim(int run)
    {
        if (run == 0 || !TryEnd(run))
            return;
        _isReclaimed = true;
        ThreadPool.UnsafeQueueUserWorkItem(loop, preferLocal: false);
    }

    // What a consumer left ambient must not flow into the loop's reads.
    private static void Restore(ExecutionContext? ambient)
    {
        if (SynchronizationContext.Current is not null)
            SynchronizationContext.SetSynchronizationContext(null);
        if (ambient is not null && ExecutionContext.Capture() != ambient)
            ExecutionContext.Restore(ambient);
    }

    private bool TryEnd(int run) => Interlocked.CompareExchange(ref _running, 0, run) == run;

    /// <summary>
    /// Reclaims loops whose consumers block their threads. It uses the system's clock: a thread blocks in real time.
    /// </summary>
    private static class Watch
    {
        /// <summary>A consumer gets one or two of these: little for a ping that waits, much for a batch.</summary>
        private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

        /// <summary>Half a second: a busy machine may delay a consumer that must still answer.</summary>
        private const int PeriodsBeforeEnd = 50;

        private static readonly Lock Sync = new();

        // Both under Sync.
        private static readonly List<WeakReference<Place>> Places = [];
        private static readonly Timer Timer = NewTimer();

        // Only touched by its thread.
        [ThreadStatic]
        private static Place? _ownPlace;

        // Written under Sync, read by any thread.
        private static volatile bool _isOn;

        public static bool IsFree => _ownPlace?.Handoff is null;

        public static int RunOf(ConsumerHandoff handoff) =>
            _ownPlace is { } place && place.Handoff == handoff ? place.Run : 0;

        public static void Begin(ConsumerHandoff handoff, int run)
        {
            Place place = _ownPlace ??= NewPlace();
            place.Handoff = handoff;
            place.Run = run;
            place.Runs++;
            Interlocked.MemoryBarrier(); // either the look sees this run, or we see that it was the last
            if (!_isOn)
                Start();
        }

        public static int End()
        {
            _ownPlace!.Handoff = null;
            return _ownPlace.Run;
        }

        // The timer must not keep its first caller's ambient values.
        private static Timer NewTimer()
        {
            using (AmbientFlow.Suppress())
                return new Timer(static _ => Look(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        private static Place NewPlace()
        {
            var place = new Place();
            lock (Sync)
                Places.Add(new WeakReference<Place>(place));
            return place;
        }

        private static void Start()
        {
            lock (Sync)
            {
                if (_isOn)
                    return;
                _isOn = true;
                Timer.Change(Period, Timeout.InfiniteTimeSpan);
            }
        }

        private static void Look()
        {
            lock (Sync)
            {
                _isOn = false;
                Interlocked.MemoryBarrier(); // see Begin
                bool anyRun = false;
                for (int i = Places.Count - 1; i >= 0; i--)
                {
                    if (Places[i].TryGetTarget(out Place? place))
                        anyRun |= place.Look();
                    else
                        Places.RemoveAt(i); // its thread has ended
                }

                if (!anyRun)
                    return;
                _isOn = true;
                Timer.Change(Period, Timeout.InfiniteTimeSpan);
            }
        }

        /// <summary>A thread that consumers run on.</summary>
        private sealed class Place
        {
            // Under Sync: what the last look saw.
            private int _seenRuns;
            private int _idle; // looks that saw the same run

            // Set by its thread, read by the watch. A stale number is harmless: its run has ended.
            private volatile ConsumerHandoff? _handoff;
            private volatile int _run;

            public ConsumerHandoff? Handoff
            {
                get => _handoff;
                set => _handoff = value;
            }

            public int Run
            {
                get => _run;
                set => _run = value;
            }

            public int Runs { get; set; }

            /// <summary>Returns false if the thread was idle since the last look.</summary>
            public bool Look()
            {
                ConsumerHandoff? handoff = _handoff;
                int runs = Runs;
                bool isNew = runs != _seenRuns;
                _seenRuns = runs;
                _idle = handoff is null || isNew ? 0 : _idle + 1;
                if (_idle >= (handoff is { _isBeforeEnd: true } ? PeriodsBeforeEnd : 1))
                    handoff!.Reclaim(_run);
                return handoff is not null || isNew;
            }
        }
    }
}
