using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>
/// Passes the bytes of one direction through a plan: it removes frames, changes bytes, and stops where something
/// happens. It neither waits nor knows streams.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class FaultLane
{
    private readonly FrameScanner _scanner = new();
    private readonly List<Scheduled> _scheduled = [];
    private readonly Func<FrameHeader, bool>[] _drops;
    private readonly byte[] _header = new byte[FrameHeader.MaxSize];

    // Only touched by the caller of Next.
    private int _headerLength;
    private long _position;
    private int _messages;
    private byte _flip;
    private bool _isDropping;

    public FaultLane(IEnumerable<Fault> faults, FaultDirection direction)
    {
        _drops = [.. faults.OfType<Fault.Drop>().Where(drop => Fault.Applies(drop.Direction, direction))
            .Select(drop => drop.Which)];
        _scheduled = [.. faults.OfType<Fault.At>().Where(fault => fault.Point.Direction == direction)
            .Select(fault => new Scheduled(fault))];
        Schedule();
    }

    /// <summary>
    /// Moves bytes from <paramref name="input"/> to <paramref name="output"/>, until one of them is used up or a fault
    /// is due. The output counts as used up when no header fits.
    /// </summary>
    /// <returns>A stall or a cut that happens after the bytes moved so far; null if there is none.</returns>
    public Fault.At? Next(ref ReadOnlySpan<byte> input, ref Span<byte> output)
    {
        while (true)
        {
            if (TakeDue() is { } due)
            {
                if (due is not Fault.Corrupt corrupt)
                    return due;
                _flip ^= corrupt.Bits;
                continue;
            }

            if (input.IsEmpty || output.Length < FrameHeader.MaxSize)
                return null;
            int count = (int)Math.Min(Math.Min(input.Length, output.Length), ToNextFault());
            count = _scanner.Take(input[..count], out ScanPart part);
            Move(part, input[..count], ref output);
            input = input[count..];
            _position += count;
            if (_scanner.EndsFrame)
            {
                _isDropping = false;
                if (_scanner.EndsMessage)
                {
                    _messages++;
                    Schedule();
                }
            }
        }
    }

    private void Move(ScanPart part, ReadOnlySpan<byte> bytes, ref Span<byte> output)
    {
        if (part == ScanPart.Payload || _drops.Length == 0)
        {
            if (!_isDropping)
                Copy(bytes, ref output);
            _flip = 0;
            return;
        }

        // Which frame it is shows at the end of its header, which is held back until then.
        Span<byte> room = _header.AsSpan(_headerLength);
        Copy(bytes, ref room);
        _flip = 0;
        _headerLength += bytes.Length;
        if (part != ScanPart.Header)
            return;
        foreach (Func<FrameHeader, bool> drop in _drops)
            _isDropping |= drop(_scanner.Header);
        if (!_isDropping)
        {
            _header.AsSpan(0, _headerLength).CopyTo(output);
            output = output[_headerLength..];
        }

        _headerLength = 0;
    }

    private void Copy(ReadOnlySpan<byte> bytes, ref Span<byte> output)
    {
        bytes.CopyTo(output);
        output[0] ^= _flip;
        output = output[bytes.Length..];
    }

    private Fault.At? TakeDue()
    {
        int index = _scheduled.FindIndex(scheduled => scheduled.At == _position);
        if (index < 0)
            return null;
        Fault.At due = _scheduled[index].Fault;
        _scheduled.RemoveAt(index);
        return due;
    }

    private long ToNextFault() =>
        _scheduled.Where(scheduled => scheduled.At > _position).Min(scheduled => scheduled.At) - _position
        ?? long.MaxValue;

    // Which byte a point is shows when its messages have passed.
    private void Schedule()
    {
        foreach (Scheduled scheduled in _scheduled)
        {
            if (scheduled.At is null && scheduled.Fault.Point.Messages <= _messages)
                scheduled.At = _position + scheduled.Fault.Point.Bytes;
        }
    }

    private sealed class Scheduled(Fault.At fault)
    {
        public Fault.At Fault { get; } = fault;

        public long? At { get; set; }
    }
}
