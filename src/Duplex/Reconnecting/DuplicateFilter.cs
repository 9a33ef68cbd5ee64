namespace Duplex;

/// <summary>Drops messages that a connection delivers although the one before it has delivered them.</summary>
internal sealed class DuplicateFilter(Func<Frame, object?> keyOf)
{
    // A feed of ten thousand messages a second, for the default overlap, and for half of it before that.
    private const int MaxKeys = 30_000;

    private readonly Lock _sync = new();

    // Under _sync.
    private readonly Dictionary<object, int> _epochs = [];
    private readonly Queue<object> _order = new();

    /// <summary>Notes a message; false if another connection has delivered the same.</summary>
    public bool Passes(Frame frame, int epoch)
    {
        if (keyOf(frame) is not { } key)
            return true;
        lock (_sync)
        {
            if (_epochs.TryGetValue(key, out int first))
                return first == epoch;
            _epochs.Add(key, epoch);
            _order.Enqueue(key);
            if (_order.Count > MaxKeys)
                _epochs.Remove(_order.Dequeue());
            return true;
        }
    }
}
