using System.Buffers;
using System.IO.Compression;

namespace Duplex.Protocol;

/// <summary>
/// Compresses messages, one after the other, with the platform's codec. Allocates its memory with the first message.
/// </summary>
/// <remarks>Not thread-safe: it belongs to one direction of one session. It works for clients and servers.</remarks>
/// <param name="level">The compression level.</param>
/// <param name="takesOver">Whether a message may refer to earlier messages.</param>
/// <param name="windowBits">The size of the window, as a power of two in bytes: 8 to 15.</param>
internal sealed class MessageDeflater(CompressionLevel level, bool takesOver, int windowBits) : IDisposable
{
    private readonly DeflateSink _sink = new();

    // Only touched by the one direction.
    private DeflateStream? _codec;
    private int _left; // the number of bytes that the codec may still take before it is replaced

    public bool HoldsMemory => _codec is not null;

    /// <summary>
    /// Compresses a part of a message and flushes it, so that the peer can read all of it. Returns the number of bytes
    /// written.
    /// </summary>
    public long Deflate(ReadOnlySpan<byte> data, bool ends, IBufferWriter<byte> output)
    {
        long before = _sink.Passed;
        _sink.Output = output;
        while (!data.IsEmpty)
        {
            if (_left == 0)
                Renew(output);
            ReadOnlySpan<byte> chunk = data[..Math.Min(data.Length, _left)];
            _codec!.Write(chunk);
            _codec.Flush();
            data = data[chunk.Length..];
            if (windowBits < DeflateWindow.MaxBits)
                _left -= chunk.Length;
        }

        long written = _sink.Passed - before;
        if (ends)
        {
            // RFC 7692 §7.2.3.6: an empty message is the byte 0x00, an empty uncompressed block whose tail is removed.
            // The codec itself writes nothing.
            if (!_sink.TryEnd())
            {
                output.Write((ReadOnlySpan<byte>)[0x00]);
                written++;
            }

            if (!takesOver)
                Release();
        }

        return written;
    }

    public void Dispose() => Release();

    // The platform's codec supports only a window of 32 KiB. But a new codec has nothing to refer to. If it has taken
    // at most 2^w bytes, it cannot refer further back than w window bits allow. Measured with JSON of 1 KiB: a new
    // codec every 4 KiB (12 bits) produces 363 bytes at 1.1 times the time; a single codec produces 325. Huffman codes
    // alone, without references, produce 679 at 3 times the time.
    private void Renew(IBufferWriter<byte> output)
    {
        Release();
        _sink.Output = output;
        _codec = new DeflateStream(_sink, level, leaveOpen: true);
        _left = windowBits < DeflateWindow.MaxBits ? 1 << windowBits : int.MaxValue;
    }

    private void Release()
    {
        _sink.Output = null; // a disposed codec writes a final block, which is not part of the message
        _codec?.Dispose();
        _codec = null;
        _left = 0;
    }
}
