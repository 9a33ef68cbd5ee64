using System.Buffers;
using System.IO.Compression;

namespace Duplex;

/// <summary>Expands messages, one after the other, by the platform's codec, part by part, as their bytes come. Its memory is taken with the first message.</summary>
/// <remarks>Not thread-safe: it belongs to one direction of one session. It knows no role, and its window of 32 KiB suits every peer's.</remarks>
/// <param name="takesOver">Whether a message may refer to those before it.</param>
/// <param name="maxExpansion">How many times as large as what came of it a message may get, once it is larger than <see cref="FreeSize"/>.</param>
internal sealed class MessageInflater(bool takesOver, int maxExpansion) : IDisposable
{
    /// <summary>Up to here nobody is asked by how much a message was compressed: a short text of blanks is no bomb, and as much as this is held by any queue.</summary>
    public const int FreeSize = 1024 * 1024;

    // What is copied at a time for the codec to read, a page: it copies it once more, into a buffer of twice that size.
    private const int ChunkSize = 4096;

    // What is expanded before limits are judged again: what a batch that is not compressed brings.
    private const int MostAtOnce = 64 * 1024;

    private readonly DeflateFeed _feed = new();

    // All only touched by the one direction.
    private DeflateStream? _codec;
    private byte[]? _chunk;
    private long _received; // of the message in progress
    private long _expanded; // likewise

    /// <summary>Whether it holds a codec's memory.</summary>
    public bool HoldsMemory => _codec is not null;

    /// <summary>How many bytes it has made so far, of all messages.</summary>
    public long Total { get; private set; }

    /// <summary>Expands a part of a message.</summary>
    /// <param name="part">What has come.</param>
    /// <param name="output">Where the outcome goes. It holds the session's limit by itself.</param>
    /// <returns>Why the session cannot go on; null if it can.</returns>
    public ProtocolViolation? Inflate(in MessagePart part, IBufferWriter<byte> output)
    {
        if (part.StartsMessage)
        {
            _received = 0;
            _expanded = 0;
        }

        ProtocolViolation? violation = null;
        ReadOnlySpan<byte> data = part.Data;
        while (!data.IsEmpty && violation is null)
        {
            _chunk ??= new byte[ChunkSize];
            int length = Math.Min(data.Length, _chunk.Length);
            data[..length].CopyTo(_chunk);
            data = data[length..];
            _feed.Fill(_chunk, length);
            bool starts = _received == 0;
            _received += length;
            violation = Drain(starts, output);
        }

        if (!part.EndsMessage || violation is not null)
            return violation;

        // RFC 7692 §7.2.3.6 has one byte for what is empty. Without any the tail would be no block.
        if (_received == 0)
            return ProtocolViolation.Of(CloseCode.InvalidFramePayloadData, "The peer sent a compressed message of no bytes; an empty one takes a byte (RFC 7692 §7.2.3.6).");
        if (takesOver)
            _feed.AddTail(); // it tells the codec nothing about this message, so it can wait for the next
        else
            Release();
        return null;
    }

    public void Dispose() => Release();

    // Until the codec has taken all of the chunk, and written all that it makes of it.
    private ProtocolViolation? Drain(bool starts, IBufferWriter<byte> output)
    {
        Span<byte> one = stackalloc byte[1];
        try
        {
            _codec ??= NewCodec();
            if (starts)
                LookAhead();
            while (true)
            {
                Span<byte> free = output.GetSpan();
                free = free[..Math.Min(free.Length, MostAtOnce)];
                int count = Read(free, out bool hasEnded);
                if (hasEnded)
                {
                    Replace();
                    continue;
                }

                output.Advance(count);

                // Without room left over it is asked for one byte: growing the message's memory for nothing would cost a copy of it.
                int more = _feed.IsEmpty && count == free.Length ? Read(one, out _) : 0;
                if (more > 0)
                    output.Write(one);
                _expanded += count + more;
                Total += count + more;
                if (Judge() is { } violation)
                    return violation;
                if (_feed.IsEmpty && more == 0)
                    return null; // with room left over the codec has nothing more to say
            }
        }
        catch (InvalidDataException)
        {
            return ProtocolViolation.Of(CloseCode.InvalidFramePayloadData, "The peer sent a message whose compressed data cannot be read (RFC 7692 §7.2.2).");
        }
    }

    private int Read(Span<byte> target, out bool hasEnded)
    {
        int reads = _feed.Reads;
        int count;
        try
        {
            count = _codec!.Read(target);
        }
        catch (InvalidDataException) when (_feed.Reads != reads && _feed.RanDry)
        {
            count = 0; // with the platform's switch UseStrictValidation an input that pauses is an error; it goes on where it was
        }

        hasEnded = count == 0 && _feed.Reads == reads && !_feed.IsEmpty;
        return count;
    }

    // RFC 7692 §7.2.1: "An endpoint MAY use both DEFLATE blocks with the "BFINAL" bit set to 0 and DEFLATE blocks with the "BFINAL" bit set to 1." At a final block the platform's codec ends,
    // and drops what it has read behind it. So where the first block is final, which is how a peer flushes that can only do it by ending, it gets byte after byte, and nothing is lost.
    // A final block behind others is taken for the last of its chunk.
    private void LookAhead() => _feed.IsBytewise = (_feed.Next & 1) != 0;

    private void Replace()
    {
        _codec!.Dispose();
        _codec = NewCodec();
        _feed.DropTail(); // it was the end of a block that the old one has not seen
        if (_feed.HasChunk)
            LookAhead();
    }

    private ProtocolViolation? Judge()
    {
        long limit = _received > long.MaxValue / maxExpansion ? long.MaxValue : Math.Max(FreeSize, _received * maxExpansion);
        return _expanded > limit ? ProtocolViolation.TooBig(nameof(PerMessageDeflateOptions.MaxExpansion), limit, _expanded) : null;
    }

    private DeflateStream NewCodec() => new(_feed, CompressionMode.Decompress, leaveOpen: true);

    private void Release()
    {
        _codec?.Dispose();
        _codec = null;
        _feed.Clear();
    }
}
