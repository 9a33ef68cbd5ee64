namespace Duplex;

/// <summary>
/// Bounds the attempts to connect that are in progress to one origin. First come, first served: an attempt with a
/// smaller bound holds back those behind it. Thread-safe.
/// </summary>
internal sealed class AttemptGate
{
    private readonly Lock _sync = new();

    // Under _sync. Only origins with an attempt in progress.
    private readonly Dictionary<(string Scheme, string Authority), Origin> _origins = [];

    /// <summary>The gate of this process.</summary>
    public static AttemptGate Shared { get; } = new();

    /// <summary>The number of origins in use.</summary>
    public int Origins
    {
        get
        {
            lock (_sync)
                return _origins.Count;
        }
    }

    /// <summary>Waits until fewer than <paramref name="most"/> attempts to an origin are in progress.</summary>
    /// <param name="origin">A URL: its scheme, host and port count.</param>
    /// <param name="most">The bound for this attempt.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Dispose it when the attempt is over. Disposing it again does nothing.</returns>
    public async ValueTask<IDisposable> EnterAsync(Uri origin, int most, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        Waiter waiter;
        lock (_sync)
        {
            (string Scheme, string Authority) key = KeyOf(origin);
            if (!_origins.TryGetValue(key, out Origin? entered))
                _origins.Add(key, entered = new Origin(key));
            waiter = new Waiter(this, entered, most);
            entered.Waiting.AddLast(waiter);
            Admit(entered);
        }

        using (cancellationToken.UnsafeRegister(
            static (waiter, token) => ((Waiter)waiter!).Cancel(token), waiter))
            return await waiter.Entered.ConfigureAwait(false);
    }

    // A socket of this machine has no authority; its path names it.
    private static (string Scheme, string Authority) KeyOf(Uri origin) => origin switch
    {
        { Scheme: "http" } => ("ws", origin.Authority),
        { Scheme: "https" } => ("wss", origin.Authority),
        { Authority: "" } => (origin.Scheme, origin.AbsolutePath),
        _ => (origin.Scheme, origin.Authority),
    };

    // Under _sync.
    private void Admit(Origin origin)
    {
        while (origin.Waiting.First is { } first && origin.Running < first.Value.Most)
        {
            origin.Waiting.RemoveFirst();
            origin.Running++;
            first.Value.Enter();
        }

        if (origin.Running == 0)
            _origins.Remove(origin.Key);
    }

    private sealed class Origin((string Scheme, string Authority) key)
    {
        public (string Scheme, string Authority) Key => key;

        public LinkedList<Waiter> Waiting { get; } = []; // under _sync

        public int Running { get; set; } // under _sync
    }

    // An attempt that waits, then one in progress.
    private sealed class Waiter(AttemptGate gate, Origin origin, int most) : IDisposable
    {
        private readonly TaskCompletionSource<IDisposable> _entered =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        private bool _isOver; // under _sync

        public int Most => most;

        public Task<IDisposable> Entered => _entered.Task;

        public void Enter() => _entered.SetResult(this);

        public void Cancel(CancellationToken token)
        {
            lock (gate._sync)
            {
                if (!origin.Waiting.Remove(this))
                    return; // it has entered
                _entered.SetCanceled(token);
                gate.Admit(origin);
            }
        }

        public void Dispose()
        {
            lock (gate._sync)
            {
                if (_isOver)
                    return;
                _isOver = true;
                origin.Running--;
                gate.Admit(origin);
            }
        }
    }
}
