using System.Buffers;
using System.IO.Compression;

namespace Duplex.Protocol;

/// <summary>Compresses messages, one after the other, by the platform's codec. Its memory is taken with the first message.</summary>
/// <remarks>Not thread-safe: it belongs to one direction of one session. It knows no role.</remarks>
/// <param name="level">How hard it tries.</param>
/// <param name="takesOver">Whether a message may refer to those before it.</param>
/// <param name="windowBits">How far back it may refer, as a power of two: 8 to 15.</param>
internal sealed class MessageDeflater(CompressionLevel level, bool takesOver, int windowBits) : IDisposable
{
    private readonly DeflateSink _sink = new();

    // All only touched by the one direction.
    private DeflateStream? _codec;
    private int _left; // how much more the codec may take before it must be replaced

    /// <summary>Whether it holds a codec's memory.</summary>
    public bool HoldsMemory => _codec is not null;

    /// <summary>Compresses a part of a message, so that the peer can read all of it.</summary>
    /// <param name="data">The part.</param>
    /// <param name="ends">Whether it is the last.</param>
    /// <param name="output">Where the outcome goes.</param>
    /// <returns>How many bytes that is.</returns>
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
            // RFC 7692 §7.2.3.6: of nothing at all remains the byte 0x00, an empty block without compression whose tail is removed. The codec itself writes nothing.
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

    // The platform's codec has a window of 32 KiB and no other. But a codec that is new knows of nothing to refer to, and one that has taken no more than 2^w bytes cannot refer further
    // back than a window of w bits reaches. Measured with JSON of 1 KiB: 4 KiB at a time (12 bits) makes 363 bytes of it where one codec for all makes 325, at 1.1 times the time;
    // Huffman codes alone, which refer to nothing, make 679 at 3 times the time.
    private void Renew(IBufferWriter<byte> output)
    {
        Release();
        _sink.Output = output;
        _codec = new DeflateStream(_sink, level, leaveOpen: true);
        _left = windowBits < DeflateWindow.MaxBits ? 1 << windowBits : int.MaxValue;
    }

    private void Release()
    {
        _sink.Output = null; // at its end a codec writes a final block, which is none of the message's
        _codec?.Dispose();
        _codec = null;
        _left = 0;
    }
}
