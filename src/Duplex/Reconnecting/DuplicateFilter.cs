namespace Duplex;

/// <summary>
/// What a connection has delivered while the next one was open already: the next one delivers it again. Thread-safe.
/// </summary>
internal sealed class DuplicateFilter(Func<Frame, object?> keyOf)
{
    // A feed of ten thousand messages a second, for the default overlap, and for half of it before that.
    private const int MaxKeys = 30_000;

    private readonly Lock _sync = new();

    // Under _sync.
    private readonly HashSet<object> _keys = [];
    private readonly Queue<object> _order = new();

    public void Note(Frame message)
    {
        if (keyOf(message) is not { } key)
            return;
        lock (_sync)
        {
            if (!_keys.Add(key))
                return;
            _order.Enqueue(key);
            if (_order.Count > MaxKeys)
                _keys.Remove(_order.Dequeue());
        }
    }

    public bool Contains(Frame message)
    {
        if (keyOf(message) is not { } key)
            return false;
        lock (_sync)
            return _keys.Contains(key);
    }
}
