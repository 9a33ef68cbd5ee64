using System.Runtime.ExceptionServices;

namespace Duplex;

/// <summary>
/// Runs a woken consumer on the receive loop's own thread, where what it gets is still in the cache and no other thread
/// has to be woken. The loop waits for the consumer to return. A consumer that asks for more meanwhile may run one turn
/// of the loop itself; if it blocks the thread instead, a watch lets the loop continue on the thread pool.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="loop">What continues on the thread pool after the loop was reclaimed.</param>
internal sealed class ConsumerHandoff(IThreadPoolWorkItem loop)
{
    // The number of the run in progress; 0 while the loop waits for no consumer. Taken back to 0 by compare-exchange,
    // by the thread that continues the loop.
    private int _running;

    // Only touched by the thread that has the loop.
    private int _runs;

    // Set by the thread that has the loop, before a run; read by any thread.
    private volatile bool _isBeforeEnd;

    // Set by the thread that reclaims the loop, cleared by the loop when it continues; read by any thread.
    private volatile bool _isReclaimed;

    /// <summary>
    /// Whether the loop was reclaimed and has not continued yet, because the pool is busy: what the peer has sent is
    /// not known.
    /// </summary>
    public bool IsReclaimed => _isReclaimed;

    /// <summary>
    /// Whether a consumer can run on this thread: it belongs to the pool, and is not within another consumer's run. A
    /// stream may complete its reads on other threads.
    /// </summary>
    public static bool CanRunHere => Thread.CurrentThread.IsThreadPoolThread && Watch.IsFree;

    /// <summary>Runs a consumer here, or, if that is not possible, on the thread pool.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="beforeEnd">Whether the session's end waits for it.</param>
    /// <returns>Whether the loop continues on this thread; false if it was reclaimed.</returns>
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
        try
        {
            consumer.Execute();
        }
        catch (Exception e) // a continuation that throws ends the process, as it does on the pool, but not the loop
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static error => error.Throw(), ExceptionDispatchInfo.Capture(e), preferLocal: false);
        }

        int run = Watch.End();
        Restore(ambient);
        return TryEnd(run);
    }

    /// <summary>
    /// Consumer: takes the loop over for one turn, if it runs on the loop's thread. A stream that awaits without care
    /// would continue in the context of its reader, which may be blocked when the bytes come: with a context there is
    /// no taking over.
    /// </summary>
    public bool TryBorrow() =>
        Watch.RunOf(this) is not 0 and var run && SynchronizationContext.Current is null
            && TaskScheduler.Current == TaskScheduler.Default && TryEnd(run);

    /// <summary>Consumer: gives the loop back.</summary>
    /// <param name="beforeEnd">Whether the session's end waits for this consumer.</param>
    public void Return(bool beforeEnd)
    {
        _isBeforeEnd = beforeEnd;
        Lend();
    }

    /// <summary>
    /// Any thread: the loop stops waiting for a consumer, because a caller waits for what is to be read. Before the
    /// session's end it keeps waiting, so that the consumer's answers are sent first.
    /// </summary>
    public void Reclaim()
    {
        int run = Volatile.Read(ref _running); // before the flag, which is set before its run begins
        if (!_isBeforeEnd)
            Reclaim(run);
    }

    /// <summary>Consumer: it is about to block this thread for what the loop must read.</summary>
    public void Yield() => Reclaim(Watch.RunOf(this));

    /// <summary>Loop: it continues.</summary>
    public void OnContinue() => _isReclaimed = false;

    private void Lend()
    {
        if (++_runs == 0)
            _runs = 1;
        Watch.Begin(this, _runs);
        Volatile.Write(ref _running, _runs);
    }

    // Nothing happens if another run is in progress, or none.
    private void Reclaim(int run)
    {
        if (run == 0 || !TryEnd(run))
            return;
        _isReclaimed = true;
        ThreadPool.UnsafeQueueUserWorkItem(loop, preferLocal: false);
    }

    // What a consumer has left ambient on the thread must not flow into the loop's reads, as it would not on the pool.
    private static void Restore(ExecutionContext? ambient)
    {
        if (SynchronizationContext.Current is not null)
            SynchronizationContext.SetSynchronizationContext(null);
        if (ambient is not null && ExecutionContext.Capture() != ambient)
            ExecutionContext.Restore(ambient);
    }

    private bool TryEnd(int run) => Interlocked.CompareExchange(ref _running, 0, run) == run;

    /// <summary>
    /// Reclaims loops whose consumers block their threads: one timer for all connections, active only while consumers
    /// run. It uses the system's clock, not a session's: a thread blocks in real time.
    /// </summary>
    private static class Watch
    {
        /// <summary>
        /// A consumer may run for one or two of these. A ping stays unanswered for so long at most: little against any
        /// keep-alive, and much against what a consumer does for a batch.
        /// </summary>
        private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

        /// <summary>
        /// How many periods a consumer has before the session's end: half a second, little for an end. On a busy
        /// machine a consumer may be delayed for longer than one period, and must still be able to send its answer.
        /// </summary>
        private const int PeriodsBeforeEnd = 50;

        private static readonly Lock Sync = new();

        // Both under Sync.
        private static readonly List<WeakReference<Place>> Places = [];
        private static readonly Timer Timer = NewTimer();

        // Only touched by its thread.
        [ThreadStatic]
        private static Place? _ownPlace;

        // Set by any thread that begins a run, cleared under Sync.
        private static volatile bool _isOn;

        /// <summary>Whether no consumer runs on this thread.</summary>
        public static bool IsFree => _ownPlace?.Handoff is null;

        /// <summary>The number of the run of this handoff's consumer on this thread; 0 if there is none.</summary>
        public static int RunOf(ConsumerHandoff handoff) =>
            _ownPlace is { } place && place.Handoff == handoff ? place.Run : 0;

        /// <summary>A consumer is about to run on this thread, or continues.</summary>
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

        /// <summary>The consumer has returned.</summary>
        /// <returns>The number of its run.</returns>
        public static int End()
        {
            _ownPlace!.Handoff = null;
            return _ownPlace.Run;
        }

        // The timer lives as long as the process, and would keep the ambient values of its first caller.
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

        /// <summary>A thread that consumers run on, one at a time.</summary>
        private sealed class Place
        {
            // All under Sync: what was seen at the last look.
            private int _seenRuns;
            private int _idle; // for how many looks the same run was in progress

            // Set by its thread, read by the watch. A stale number does no harm: its run has ended.
            private volatile ConsumerHandoff? _handoff;
            private volatile int _run;

            /// <summary>Whose consumer runs on the thread now.</summary>
            public ConsumerHandoff? Handoff
            {
                get => _handoff;
                set => _handoff = value;
            }

            /// <summary>The number of that consumer's run.</summary>
            public int Run
            {
                get => _run;
                set => _run = value;
            }

            /// <summary>How many consumers have run on the thread, or continued.</summary>
            public int Runs { get; set; }

            /// <summary>
            /// Reclaims the loop if the same consumer was running at the last look; false if none runs, nor has since.
            /// </summary>
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
