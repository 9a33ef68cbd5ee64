namespace Duplex.Testing;

/// <summary>How large the pieces of one direction are, and when each may go.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class FaultPace
{
    // A throttled piece is what passes in 50 ms: the rate then looks steady to a person and to a timeout.
    private const int PiecesPerSecond = 20;

    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly long _began;
    private readonly TimeSpan _delay;
    private readonly TimeSpan _jitter;
    private readonly Fault.Split[] _splits;
    private readonly int _rate = int.MaxValue;

    // Only touched by the caller: when the throttle lets the next piece go, since the beginning.
    private TimeSpan _free;

    public FaultPace(IEnumerable<Fault> faults, FaultDirection direction, int seed, TimeProvider time)
    {
        _time = time;
        _began = time.GetTimestamp();
        _random = new Random(unchecked((seed * 397) ^ (int)direction));
        _splits = [.. faults.OfType<Fault.Split>().Where(split => Fault.Applies(split.Direction, direction))];
        foreach (Fault fault in faults)
        {
            if (fault is Fault.Delay delay && Fault.Applies(delay.Direction, direction))
                _delay += delay.Time;
            else if (fault is Fault.Jitter jitter && Fault.Applies(jitter.Direction, direction))
                _jitter += jitter.Most;
            else if (fault is Fault.Throttle throttle && Fault.Applies(throttle.Direction, direction))
                _rate = Math.Min(_rate, throttle.BytesPerSecond);
        }
    }

    /// <summary>Whether a chunk goes in several pieces.</summary>
    public bool Tears => _splits.Length > 0 || _rate != int.MaxValue;

    /// <summary>How long the next chunk waits.</summary>
    public TimeSpan NextDelay() => _delay + (_jitter > TimeSpan.Zero ? _jitter * _random.NextDouble() : TimeSpan.Zero);

    /// <summary>The size of the next piece.</summary>
    public int NextPiece(int available)
    {
        foreach (Fault.Split split in _splits)
            available = Math.Min(available, split.IsRandom ? _random.Next(1, split.Bytes + 1) : split.Bytes);
        return Math.Min(available, Math.Max(1, _rate / PiecesPerSecond));
    }

    /// <summary>How long the throttle holds a piece that is to go now.</summary>
    public TimeSpan Hold(int bytes)
    {
        if (_rate == int.MaxValue)
            return TimeSpan.Zero;
        TimeSpan now = _time.GetElapsedTime(_began);
        TimeSpan start = _free > now ? _free : now;
        _free = start + TimeSpan.FromSeconds((double)bytes / _rate);
        return start - now;
    }
}
