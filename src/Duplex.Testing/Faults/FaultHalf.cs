namespace Duplex.Testing;

/// <summary>One direction of a <see cref="FaultyStream"/>: its lane, pace and gate, and what is ready to go.</summary>
/// <remarks>Not thread-safe, except for <see cref="Gate"/>.</remarks>
internal sealed class FaultHalf(Faults faults, FaultDirection direction, TimeProvider time)
{
    // More than a stream's chunk, so that one step of the lane usually takes all of it.
    private const int ReadySize = 32 * 1024;

    private readonly FaultLane _lane = new(faults.Items, direction);

    private readonly byte[] _ready = new byte[ReadySize];

    // Only touched by the read or write in progress.
    private int _start;
    private int _end;
    private Fault.At? _due;

    public FaultPace Pace { get; } = new(faults.Items, direction, faults.Seed, time);

    public FaultGate Gate { get; } = new(time);

    /// <summary>The bytes that come before what is due.</summary>
    public ReadOnlyMemory<byte> Ready => _ready.AsMemory(_start, _end - _start);

    public bool IsDue => _due is not null;

    public ReadOnlyMemory<byte> Take(int count)
    {
        ReadOnlyMemory<byte> taken = Ready[..count];
        _start += count;
        return taken;
    }

    public Fault.At? TakeDue()
    {
        Fault.At? due = _due;
        _due = null;
        return due;
    }

    /// <summary>Takes the next bytes, when nothing is ready or due.</summary>
    public void Advance(ref ReadOnlyMemory<byte> input)
    {
        ReadOnlySpan<byte> bytes = input.Span;
        Span<byte> room = _ready;
        _due = _lane.Next(ref bytes, ref room);
        (_start, _end) = (0, _ready.Length - room.Length);
        input = input[(input.Length - bytes.Length)..];
    }
}
