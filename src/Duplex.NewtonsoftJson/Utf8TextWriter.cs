using System.Buffers;
using System.Text;

namespace Duplex;

/// <summary>
/// Writes characters as UTF-8 into a message's memory, in pooled blocks. An unpaired surrogate throws an
/// <see cref="EncoderFallbackException"/>.
/// </summary>
internal sealed class Utf8TextWriter(IBufferWriter<byte> output) : TextWriter
{
    // In characters: the length of common small messages, so that they are encoded in one call.
    private const int BlockSize = 1024;

    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Encoder _encoder = Strict.GetEncoder();

    // Only touched by the one writer. The block is null once it was returned to the pool.
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

    /// <summary>Encodes the remaining characters at the end of the text.</summary>
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
