namespace Duplex;

/// <summary>
/// Lets one data message at a time through, in call order. Control frames do not pass it. Thread-safe.
/// </summary>
internal sealed class SendGate
{
    private const int Free = 0; // the default of a field
    private const int Held = 1; // left by one compare-exchange
    private const int HeldAndAwaited = 2; // handed over to the next in line

    // Between Free and Held by compare-exchange. HeldAndAwaited (_waiters is not empty) only under the lock, which is
    // the gate itself, to save an object.
    private int _state;

    // Under the lock; null until a sender waits.
    private LinkedList<Waiter>? _waiters;
    private bool _isShut;

    /// <summary>Never overtakes: while senders wait, the gate is never free.</summary>
    public bool TryEnter() => Interlocked.CompareExchange(ref _state, Held, Free) == Free;

    /// <summary>False if the gate is shut, or shuts meanwhile.</summary>
    public ValueTask<bool> EnterAsync(CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(token);

        Waiter waiter;
        lock (this)
        {
            if (_isShut)
                return new ValueTask<bool>(false);

            // Free → we enter; held → the holder sees that we wait.
            if (TryEnter())
                return new ValueTask<bool>(true);
            while (Volatile.Read(ref _state) != HeldAndAwaited
                && Interlocked.CompareExchange(ref _state, HeldAndAwaited, Held) != Held)
            {
                if (TryEnter())
                    return new ValueTask<bool>(true);
            }

            waiter = new Waiter(this);
            (_waiters ??= []).AddLast(waiter.Place);
        }

        return waiter.WaitAsync(token);
    }

    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Free, Held) == Held)
            return;

        Waiter next;
        lock (this)
        {
            if (_waiters!.First is not { } first)
            {
                // The only sender that waited gave up.
                Volatile.Write(ref _state, Free);
                return;
            }

            next = first.Value;
            Remove(next);
        }

        next.SetResult(true);
    }

    /// <summary>Turns away those that wait: the holder may stay for long.</summary>
    public void Shut()
    {
        List<Waiter> turnedAway = [];
        lock (this)
        {
            _isShut = true;
            while (_waiters?.First is { } first)
            {
                turnedAway.Add(first.Value);
                Remove(first.Value);
            }
        }

        foreach (Waiter waiter in turnedAway)
            waiter.SetResult(false);
    }

    // Under the lock.
    private void Remove(Waiter waiter)
    {
        _waiters!.Remove(waiter.Place);
        if (_waiters.Count == 0)
            Volatile.Write(ref _state, Held);
    }

    // Continues on the pool: Exit runs no other sender's code. A waiter that gives up leaves the list: none pile up.
    private sealed class Waiter : TaskCompletionSource<bool>
    {
        private readonly SendGate _gate;

        public Waiter(SendGate gate) : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
            _gate = gate;
            Place = new LinkedListNode<Waiter>(this);
        }

        public LinkedListNode<Waiter> Place { get; }

        public async ValueTask<bool> WaitAsync(CancellationToken token)
        {
            using (token.UnsafeRegister(static (state, token) => ((Waiter)state!).Cancel(token), this))
                return await Task.ConfigureAwait(false);
        }

        private void Cancel(CancellationToken token)
        {
            lock (_gate)
            {
                if (Place.List is null)
                    return; // its turn came first
                _gate.Remove(this);
            }

            SetCanceled(token);
        }
    }
}
