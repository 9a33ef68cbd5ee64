using System.Buffers;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>Turns the bytes of one direction into recorded frames.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class FrameNotes(RecordedDirection direction, SessionRecorderOptions options, RecordingBudget budget)
{
    private readonly FrameScanner _scanner = new();

    // Only touched by the caller of Note.
    private ArrayBufferWriter<byte>? _payload;
    private bool _isOmitted;
    private bool _isCompressed;

    /// <summary>The payloads that were not kept, although that was asked for.</summary>
    public long OmittedPayloads { get; private set; }

    /// <summary>Takes bytes as they passed, and reports each frame that they complete.</summary>
    public void Note(ReadOnlySpan<byte> bytes, Action<RecordedFrame> found)
    {
        while (!bytes.IsEmpty)
        {
            int count = _scanner.Take(bytes, out ScanPart part);
            if (part == ScanPart.Header)
                Begin(_scanner.Header);
            else if (part == ScanPart.Payload)
                Keep(bytes[..count]);
            bytes = bytes[count..];
            if (_scanner.EndsFrame)
                found(End(_scanner.Header));
        }
    }

    private void Begin(in FrameHeader header)
    {
        // RFC 7692 §6: RSV1 is on "the first frame" of a compressed message.
        if (header is { IsControl: false, Opcode: not Opcode.Continuation })
            _isCompressed = (header.Reserved & ReservedBits.Rsv1) != 0;
        bool isReadable = options.Redact is null || header.IsControl || !_isCompressed;
        _isOmitted = options.KeepPayloads && !isReadable && header.PayloadLength != 0;
        _payload = options.KeepPayloads && isReadable && !_scanner.IsLost ? new ArrayBufferWriter<byte>() : null;
    }

    // Memory grows with the bytes that have arrived, never with the declared length.
    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_payload is null)
            return;
        if (budget.TryTakePayload(bytes.Length))
        {
            bytes.CopyTo(_payload.GetSpan(bytes.Length));
            _scanner.Unmask(_payload.GetSpan(bytes.Length)[..bytes.Length], _scanner.Offset);
            _payload.Advance(bytes.Length);
            return;
        }

        budget.ReturnPayload(_payload.WrittenCount);
        _payload = null;
        _isOmitted = true;
    }

    private RecordedFrame End(in FrameHeader header)
    {
        var frame = new RecordedFrame
        {
            Direction = direction,
            Opcode = header.Opcode,
            Fin = header.Fin,
            Reserved = header.Reserved,
            IsCompressed = !header.IsControl && _isCompressed,
            Length = header.PayloadLength,
            Payload = _payload?.WrittenMemory,
        };
        if (frame.Payload is { IsEmpty: false } payload && options.Redact is { } redact)
            frame = Redacted(frame, payload, redact);
        if (_isOmitted)
            OmittedPayloads++;
        _payload = null;
        _isOmitted = false;
        return frame;
    }

    private RecordedFrame Redacted(
        RecordedFrame frame, ReadOnlyMemory<byte> payload, Func<RecordedFrame, ReadOnlyMemory<byte>?> redact)
    {
        ReadOnlyMemory<byte>? kept = null;
        try
        {
            kept = redact(frame);
        }
        catch (Exception) // the session that is recorded must not fail by it
        {
            _isOmitted = true;
        }

        if (kept is { } same && same.Span.SequenceEqual(payload.Span))
            return frame;
        budget.ReturnPayload(payload.Length);
        if (kept is { } other && !budget.TryTakePayload(other.Length))
        {
            kept = null;
            _isOmitted = true;
        }

        // A copy: the function may use its memory again. A null array would become an empty payload.
        return frame with
        {
            IsRedacted = true,
            Payload = kept is { } copied ? new ReadOnlyMemory<byte>(copied.ToArray()) : (ReadOnlyMemory<byte>?)null,
        };
    }
}
