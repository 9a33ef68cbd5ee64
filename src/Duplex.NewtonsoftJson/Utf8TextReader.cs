using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Duplex;

/// <summary>
/// Reads UTF-8 text without an intermediate copy: each call decodes directly into the caller's buffer. Invalid UTF-8
/// throws a <see cref="DecoderFallbackException"/>.
/// </summary>
internal sealed class Utf8TextReader(ReadOnlyMemory<byte> utf8) : TextReader
{
    // Only touched by the one reader: the bytes not decoded yet, and the second half of a surrogate pair whose first
    // half was returned alone.
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

        // There is room for one character, but the next code point takes two.
        Span<char> pair = stackalloc char[2];
        Decode(pair);
        buffer[0] = pair[0];
        _low = pair[1];
        return 1;
    }

    private int Decode(Span<char> buffer)
    {
        OperationStatus status = Utf8.ToUtf16(
            _rest.Span, buffer, out int read, out int written, replaceInvalidSequences: false);
        if (status == OperationStatus.InvalidData)
        {
            throw new DecoderFallbackException(
                $"The message is no UTF-8, {read} bytes behind what was read of it.");
        }

        _rest = _rest[read..];
        return written;
    }
}
