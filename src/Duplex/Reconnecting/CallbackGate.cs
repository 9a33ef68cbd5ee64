namespace Duplex;

/// <summary>
/// Counts the callbacks that run, so that none begins after the gate was closed, and closing can wait for the others.
/// Thread-safe.
/// </summary>
internal sealed class CallbackGate
{
    // The callback that this flow runs in, and its gate.
    private static readonly AsyncLocal<Pass?> Inside = new();

    private readonly Lock _sync = new();

    // Under _sync.
    private readonly HashSet<Pass> _running = [];
    private bool _isClosed;
    private TaskCompletionSource? _left;

    /// <summary>Whether the calling flow is within a callback of this gate.</summary>
    public bool IsInside => Inside.Value is { IsOver: false } pass && pass.Gate == this;

    /// <summary>Whether no callback begins any more.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_sync)
                return _isClosed;
        }
    }

    /// <summary>Null if the gate is closed. Disposed when the callback has returned.</summary>
    public Pass? TryEnter()
    {
        lock (_sync)
        {
            if (_isClosed)
                return null;
            var pass = new Pass(this);
            _running.Add(pass);
            return pass;
        }
    }

    /// <summary>No callback begins after this. Completes when none runs, save the one that calls.</summary>
    public async Task CloseAsync()
    {
        Pass? own = IsInside ? Inside.Value : null;
        while (true)
        {
            Task left;
            lock (_sync)
            {
                _isClosed = true;
                if (_running.All(pass => pass == own))
                    return;
                _left ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                left = _left.Task;
            }

            await left.ConfigureAwait(false);
        }
    }

    private void Leave(Pass pass)
    {
        TaskCompletionSource? left;
        lock (_sync)
        {
            _running.Remove(pass);
            (left, _left) = (_left, null);
        }

        left?.SetResult();
    }

    /// <summary>The right to run one callback.</summary>
    public sealed class Pass(CallbackGate gate) : IDisposable
    {
        // Set once, by the one that disposes; read by any thread.
        private volatile bool _isOver;

        public CallbackGate Gate => gate;

        /// <summary>Whether the callback has returned. What it has started may go on, and is outside then.</summary>
        public bool IsOver => _isOver;

        /// <summary>Runs a callback that is not async.</summary>
        public void Run(Action callback)
        {
            Mark();
            try
            {
                callback();
            }
            finally
            {
                Inside.Value = null;
            }
        }

        /// <summary>Marks the calling flow, until the end of the async method that calls this.</summary>
        public void Mark() => Inside.Value = this;

        public void Dispose()
        {
            _isOver = true;
            gate.Leave(this);
        }
    }
}
