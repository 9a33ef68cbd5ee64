using System.Buffers;
using System.IO.Compression;

namespace Duplex.Protocol;

/// <summary>Compresses messages with the platform's codec. Allocates with the first message.</summary>
/// <remarks>Not thread-safe: belongs to one direction of one session.</remarks>
internal sealed class MessageDeflater(CompressionLevel level, bool takesOver, int windowBits) : IDisposable
{
    private readonly DeflateSink _sink = new();

    // Only touched by the one direction.
    private DeflateStream? _codec;
    private int _left; // what the codec may still take before it is replaced

    public bool HoldsMemory => _codec is not null;

    /// <summary>Flushes, so that the peer can read the whole part.</summary>
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
            // RFC 7692 §7.2.3.6: an empty message is the byte 0x00. The codec itself writes nothing.
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

    // The platform's codec has only a window of 32 KiB, but a new one that takes at most 2^w bytes cannot refer further
    // back. With 12 bits, JSON of 1 KiB becomes 363 bytes instead of 325, at 1.1 times the time (measured).
    private void Renew(IBufferWriter<byte> output)
    {
        Release();
        _sink.Output = output;
        _codec = new DeflateStream(_sink, level, leaveOpen: true);
        _left = windowBits < DeflateWindow.MaxBits ? 1 << windowBits : int.MaxValue;
    }

    private void Release()
    {
        _sink.Output = null; // disposal writes a final block, which is not part of the message
        _codec?.Dispose();
        _codec = null;
        _left = 0;
    }
}
