using System.Runtime.InteropServices;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>
/// Follows the frames of one direction without judging them: masked or not, with any reserved bit or opcode. After a
/// length that cannot be, it takes all bytes as one payload.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class FrameScanner
{
    private readonly byte[] _header = new byte[FrameHeader.MaxSize];

    // Only touched by the caller of Take.
    private int _headerSize;
    private bool _isInPayload;
    private long _remaining;
    private FrameHeader _current;

    /// <summary>The header parsed last.</summary>
    public ref readonly FrameHeader Header => ref _current;

    /// <summary>Whether the bytes are no frames: a length was negative.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether the part taken last was its frame's end.</summary>
    public bool EndsFrame { get; private set; }

    /// <summary>Whether the part taken last was the end of a data message.</summary>
    public bool EndsMessage => EndsFrame && !_current.IsControl && _current.Fin;

    /// <summary>The offset in its payload of the part taken last, by which its mask is found.</summary>
    public long Offset { get; private set; }

    /// <summary>Takes bytes up to the end of a header or of a payload, at least one.</summary>
    /// <returns>How many were taken.</returns>
    public int Take(ReadOnlySpan<byte> input, out ScanPart part)
    {
        if (!_isInPayload)
            return TakeHeader(input, out part);
        part = ScanPart.Payload;
        int taken = (int)Math.Min(_remaining, input.Length);
        if (IsLost)
            return taken;
        Offset = _current.PayloadLength - _remaining;
        _remaining -= taken;
        End(_remaining == 0);
        return taken;
    }

    /// <summary>Unmasks bytes of the current payload, if it is masked.</summary>
    /// <param name="payload">The bytes, in place.</param>
    /// <param name="offset">Their offset in the payload.</param>
    public void Unmask(Span<byte> payload, long offset)
    {
        if (!_current.Masked)
            return;
        uint key = _current.MaskKey;
        ReadOnlySpan<byte> octets = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key));

        // RFC 6455 §5.3: "Octet i of the transformed data ... is the XOR of octet i of the original data ... with octet
        // at index i modulo 4 of the masking key".
        for (int i = 0; i < payload.Length; i++)
            payload[i] ^= octets[(int)((offset + i) % octets.Length)];
    }

    private int TakeHeader(ReadOnlySpan<byte> input, out ScanPart part)
    {
        if (EndsFrame)
            _headerSize = 0;
        EndsFrame = false;
        part = ScanPart.PartialHeader;
        for (int taken = 0; taken < input.Length;)
        {
            _header[_headerSize++] = input[taken++];
            if (!FrameHeader.TryParse(_header.AsSpan(0, _headerSize), out _current))
                continue;
            part = ScanPart.Header;
            Offset = 0;
            IsLost = _current.PayloadLength < 0;
            _remaining = IsLost ? long.MaxValue : _current.PayloadLength;
            End(_remaining == 0);
            return taken;
        }

        return input.Length;
    }

    private void End(bool ends)
    {
        EndsFrame = ends;
        _isInPayload = !ends;
    }
}
