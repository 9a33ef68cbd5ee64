using System.Buffers;
using System.Text;

namespace Duplex;

/// <summary>
/// Writes characters as UTF-8, a pooled block at a time, into a message's memory. Half of a surrogate pair is an <see cref="EncoderFallbackException"/>: nothing is changed silently.
/// </summary>
internal sealed class Utf8TextWriter(IBufferWriter<byte> output) : TextWriter
{
    // As many characters as common small messages have, so that these are encoded in one go.
    private const int BlockSize = 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Encoder _encoder = Strict.GetEncoder();

    // Both only touched by the one who writes. The block is null once it was given back.
    private char[]? _block = ArrayPool<char>.Shared.Rent(BlockSize);
    private int _used;

    public override Encoding Encoding => Strict;

    public override void Write(char value)
    {
        ObjectDisposedException.ThrowIf(_block is null, this);
        if (_used == _block.Length)
            Encode(flush: false);
        _block[_used++] = value;
    }

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        ObjectDisposedException.ThrowIf(_block is null, this);
        while (!buffer.IsEmpty)
        {
            if (_used == _block.Length)
                Encode(flush: false);
            int count = Math.Min(buffer.Length, _block.Length - _used);
            buffer[..count].CopyTo(_block.AsSpan(_used));
            _used += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Encodes what is left: the text is whole.</summary>
    public void Complete() => Encode(flush: true);

    protected override void Dispose(bool disposing)
    {
        if (_block is not null)
            ArrayPool<char>.Shared.Return(_block);
        _block = null;
        base.Dispose(disposing);
    }

    private void Encode(bool flush)
    {
        _encoder.Convert(_block.AsSpan(0, _used), output, flush, out _, out _);
        _used = 0;
    }
}
