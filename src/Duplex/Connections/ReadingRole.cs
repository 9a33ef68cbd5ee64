using System.Runtime.ExceptionServices;

namespace Duplex;

/// <summary>
/// Who may read a connection: its receive loop, or the consumer that it runs. A consumer that was woken runs on the loop's own thread, where what it gets is still in the cache, and
/// when it has taken all it reads on by itself; so bytes come to their consumer without a change of threads. As soon as it waits for anything else the loop has its role back.
/// </summary>
/// <remarks>Thread-safe. Whoever has the role is alone in touching what the loop owns.</remarks>
/// <param name="loop">What goes on reading on the pool, if the role is taken back.</param>
internal sealed class ReadingRole(IThreadPoolWorkItem loop)
{
    // 0 while the role is not to be had. Set to a thread's id by the loop when it lends the role there, back to 0 by whoever takes it from there, by compare-exchange.
    private int _lentTo;

    // Raised by whoever has the role, read by the watch.
    private int _uses;

    // Set by the thread that has the role before it lends or returns it, read by any thread.
    private volatile bool _isBeforeEnd;

    // Set by whoever took the role back, cleared by the loop when it goes on; read by anybody.
    private volatile bool _isReclaimed;

    /// <summary>Whether the role was taken back and the loop has not gone on yet, because the pool is busy: nobody knows what the peer has sent.</summary>
    public bool IsReclaimed => _isReclaimed;

    /// <summary>Loop: whether a consumer can be run here. A stream may complete its reads on a thread that is not the pool's, or from within a consumer of another connection.</summary>
    public static bool CanLend => Thread.CurrentThread.IsThreadPoolThread && Watch.IsFree;

    /// <summary>Loop: runs a consumer, and lends it the role meanwhile; one that cannot be run here is handed to the pool.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="beforeEnd">Whether the session's end waits for it.</param>
    /// <returns>Whether the loop still has its role. If not, whoever took it sees to all that follows.</returns>
    public bool Lend(IThreadPoolWorkItem consumer, bool beforeEnd = false)
    {
        if (!CanLend)
        {
            ThreadPool.UnsafeQueueUserWorkItem(consumer, preferLocal: false);
            return true;
        }

        _isBeforeEnd = beforeEnd;
        Watch.Begin(this);
        int thread = Environment.CurrentManagedThreadId;
        ExecutionContext? ambient = ExecutionContext.Capture();
        Volatile.Write(ref _lentTo, thread);
        try
        {
            consumer.Execute();
        }
        catch (Exception e) // a continuation that throws ends the process, as it does on the pool, but not the loop
        {
            ThreadPool.UnsafeQueueUserWorkItem(static error => error.Throw(), ExceptionDispatchInfo.Capture(e), preferLocal: false);
        }

        Watch.End();
        Forget(ambient);
        return TryTakeFrom(thread);
    }

    /// <summary>Consumer: takes the role, if it was lent to this thread.</summary>
    public bool TryBorrow()
    {
        int thread = Environment.CurrentManagedThreadId;
        if (Volatile.Read(ref _lentTo) != thread)
            return false;

        // A stream that awaits without care would go on in the context of whoever reads, which may be blocked, or at its end, when the bytes come.
        if (SynchronizationContext.Current is not null || TaskScheduler.Current != TaskScheduler.Default)
            return false;
        if (!TryTakeFrom(thread))
            return false;
        _uses++;
        return true;
    }

    /// <summary>Consumer: gives a borrowed role back to where it was borrowed from.</summary>
    /// <param name="beforeEnd">Whether the session's end waits for this consumer.</param>
    public void Return(bool beforeEnd = false)
    {
        _isBeforeEnd = beforeEnd;
        Volatile.Write(ref _lentTo, Environment.CurrentManagedThreadId);
    }

    /// <summary>
    /// Any thread: the loop stops waiting for a consumer, because a caller waits for what is to be read. Before the session's
    /// end it goes on waiting, so that the consumer's answers are sent first.
    /// </summary>
    public void Hurry()
    {
        if (!_isBeforeEnd)
            Reclaim();
    }

    private void Reclaim()
    {
        if (Volatile.Read(ref _lentTo) is not (var thread and not 0) || !TryTakeFrom(thread))
            return;
        _isReclaimed = true;
        ThreadPool.UnsafeQueueUserWorkItem(loop, preferLocal: false);
    }

    /// <summary>Loop: it goes on.</summary>
    public void Resume() => _isReclaimed = false;

    // What a consumer has left ambient on the thread is not to flow into the loop's reads, as it would not on the pool.
    private static void Forget(ExecutionContext? ambient)
    {
        if (SynchronizationContext.Current is not null)
            SynchronizationContext.SetSynchronizationContext(null);
        if (ambient is not null && ExecutionContext.Capture() != ambient)
            ExecutionContext.Restore(ambient);
    }

    private bool TryTakeFrom(int thread) => Interlocked.CompareExchange(ref _lentTo, 0, thread) == thread;

    /// <summary>
    /// Takes back roles that were lent to consumers who block their threads: one timer for all connections, which runs only while roles are lent. It is the system's, and not a session's
    /// own time: a thread is blocked in the world's.
    /// </summary>
    private static class Watch
    {
        /// <summary>A role that was not used for one or two of these is taken back. So long may a ping go unanswered: little against any keep-alive, and much against what a consumer does for a batch.</summary>
        private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

        /// <summary>
        /// How many periods a consumer has before the session's end: half a second, little for an end. On a busy machine a
        /// consumer may be delayed for longer than one period, and is still to send its answer.
        /// </summary>
        private const int PeriodsBeforeEnd = 50;

        private static readonly Lock Sync = new();

        // Both under Sync.
        private static readonly List<WeakReference<Place>> Places = [];
        private static readonly Timer Timer = NewTimer();

        // Only touched by its thread.
        [ThreadStatic]
        private static Place? _ownPlace;

        // Set by whoever lends a role, cleared under Sync.
        private static volatile bool _isOn;

        /// <summary>Whether no role is lent to this thread.</summary>
        public static bool IsFree => _ownPlace?.Role is null;

        /// <summary>Before a role is lent to this thread, which must be free.</summary>
        public static void Begin(ReadingRole role)
        {
            Place place = _ownPlace ??= NewPlace();
            place.Role = role;
            place.Loans++;
            Interlocked.MemoryBarrier(); // either the look sees this loan, or we see that it was the last
            if (!_isOn)
                Start();
        }

        /// <summary>The consumer has come back.</summary>
        public static void End() => _ownPlace!.Role = null;

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
                bool anyLoan = false;
                for (int i = Places.Count - 1; i >= 0; i--)
                {
                    if (Places[i].TryGetTarget(out Place? place))
                        anyLoan |= place.Look();
                    else
                        Places.RemoveAt(i); // its thread has ended
                }

                if (!anyLoan)
                    return;
                _isOn = true;
                Timer.Change(Period, Timeout.InfiniteTimeSpan);
            }
        }

        /// <summary>A thread that roles are lent to, one at a time.</summary>
        private sealed class Place
        {
            // All under Sync: what was seen at the last look.
            private ReadingRole? _seenRole;
            private int _seenUses;
            private int _seenLoans;
            private int _idle; // for how many looks

            // Set by its thread, read by the watch.
            private volatile ReadingRole? _role;

            /// <summary>The role that is lent to the thread now.</summary>
            public ReadingRole? Role
            {
                get => _role;
                set => _role = value;
            }

            /// <summary>How often a role was lent to the thread.</summary>
            public int Loans { get; set; }

            /// <summary>Takes the role back if nothing was read since the last look; false if nothing is lent, nor was since.</summary>
            public bool Look()
            {
                ReadingRole? role = _role;
                int loans = Loans;
                bool isUsed = loans != _seenLoans;
                _idle = role is not null && role == _seenRole && !isUsed && role._uses == _seenUses ? _idle + 1 : 0;
                if (_idle >= (role is { _isBeforeEnd: true } ? PeriodsBeforeEnd : 1))
                    role!.Reclaim();
                (_seenRole, _seenUses, _seenLoans) = (role, role?._uses ?? 0, loans);
                return role is not null || isUsed;
            }
        }
    }
}
