using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;

namespace Duplex.Tests;

/// <summary>A scripted peer's side of permessage-deflate: the platform's codec in the plainest way there is, and nothing of ours.</summary>
/// <param name="takesOver">Whether its messages refer to those before them.</param>
/// <param name="windowBits">How far back they refer at most, as a power of two.</param>
/// <param name="level">How hard it tries.</param>
[SuppressMessage("Design", "CA1001", Justification = "A script's codec is left to the garbage collector: disposing it would write the end of a stream that has none.")]
internal sealed class PeerDeflate(bool takesOver = true, int windowBits = 15, CompressionLevel level = CompressionLevel.Optimal)
{
    private MemoryStream _bytes = new();
    private DeflateStream? _codec;
    private int _taken;

    /// <summary>A message's payload by itself.</summary>
    public static byte[] Of(ReadOnlySpan<byte> message) => new PeerDeflate().Compress(message);

    /// <summary>A message's payload.</summary>
    public byte[] Compress(ReadOnlySpan<byte> message)
    {
        _bytes.SetLength(0);
        if (message.IsEmpty)
            return [0x00]; // RFC 7692 §7.2.3.6

        // A new codec has nothing to refer to, so one for each 2^w bytes has a window of w bits. At 15 there is one for all.
        while (!message.IsEmpty)
        {
            if (_codec is null || (windowBits < 15 && _taken == 1 << windowBits))
                Begin();
            ReadOnlySpan<byte> part = windowBits < 15 ? message[..Math.Min(message.Length, (1 << windowBits) - _taken)] : message;
            _codec!.Write(part);
            _codec.Flush();
            _taken += part.Length;
            message = message[part.Length..];
        }

        byte[] payload = _bytes.ToArray()[..^4];
        if (!takesOver)
            _codec = null;
        return payload;
    }

    /// <summary>What messages of ours stand for, one after the other.</summary>
    public static IEnumerable<byte[]> ExpandAll(IEnumerable<byte[]> payloads, bool takesOver)
    {
        var all = new List<byte>();
        int expanded = 0;
        foreach (byte[] payload in payloads)
        {
            // From the beginning each time: slow, and without any state that could be wrong.
            if (!takesOver)
                (all, expanded) = ([], 0);
            all.AddRange([.. payload, 0x00, 0x00, 0xFF, 0xFF]);
            using var codec = new DeflateStream(new MemoryStream(all.ToArray()), CompressionMode.Decompress);
            using var output = new MemoryStream();
            codec.CopyTo(output);
            yield return output.ToArray()[expanded..];
            expanded = (int)output.Length;
        }
    }

    private void Begin()
    {
        var bytes = new MemoryStream();
        bytes.Write(_bytes.ToArray());
        _bytes = bytes;
        _codec = new DeflateStream(_bytes, level, leaveOpen: true);
        _taken = 0;
    }
}
