using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Duplex;

/// <summary>Reads UTF-8 text where it lies: each call decodes straight into the caller's characters. Bytes that are no UTF-8 are a <see cref="DecoderFallbackException"/>.</summary>
internal sealed class Utf8TextReader(ReadOnlyMemory<byte> utf8) : TextReader
{
    // Both only touched by its one reader: what is not decoded yet, and the second half of a pair of surrogates whose first went out alone.
    private ReadOnlyMemory<byte> _rest = utf8;
    private char? _low;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        if (buffer.IsEmpty)
            return 0;
        if (_low is { } low)
        {
            buffer[0] = low;
            _low = null;
            return 1;
        }

        int written = Decode(buffer);
        if (written > 0 || _rest.IsEmpty)
            return written;

        // There is one character of room, and what comes next takes two.
        Span<char> pair = stackalloc char[2];
        Decode(pair);
        buffer[0] = pair[0];
        _low = pair[1];
        return 1;
    }

    private int Decode(Span<char> buffer)
    {
        if (Utf8.ToUtf16(_rest.Span, buffer, out int read, out int written, replaceInvalidSequences: false) == OperationStatus.InvalidData)
            throw new DecoderFallbackException($"The message is no UTF-8, {read} bytes behind what was read of it.");
        _rest = _rest[read..];
        return written;
    }
}
