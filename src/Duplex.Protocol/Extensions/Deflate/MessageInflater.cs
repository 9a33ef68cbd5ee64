using System.Buffers;
using System.IO.Compression;

namespace Duplex.Protocol;

/// <summary>
/// Expands messages, one after the other, with the platform's codec. Allocates its memory with the first message.
/// </summary>
/// <remarks>
/// Not thread-safe: it belongs to one direction of one session, of a client or a server. Its window of 32 KiB fits
/// every peer's.
/// </remarks>
/// <param name="takesOver">Whether a message may refer to earlier messages.</param>
/// <param name="maxExpansion">
/// The largest ratio of a message's size to its compressed size, once the message exceeds <see cref="FreeSize"/>.
/// </param>
internal sealed class MessageInflater(bool takesOver, int maxExpansion) : IDisposable
{
    /// <summary>
    /// The message size, in bytes, up to which the expansion ratio is not checked: a short text of blanks is harmless,
    /// and every queue can hold this much.
    /// </summary>
    public const int FreeSize = 1024 * 1024;

    // The number of bytes copied for the codec at a time: one page. The codec copies them again, into a buffer of twice
    // that size.
    private const int ChunkSize = 4096;

    // The number of bytes expanded before limits are checked again: the size of an uncompressed batch.
    private const int MostAtOnce = 64 * 1024;

    // A final block costs a new codec: 216 bytes, and the time of a few hundred bytes of ordinary data. A sender that
    // flushes by final blocks (RFC 7692 §7.2.3.4) does so once for each frame, so each frame may have one. One more
    // for each chunk adds no more calls than the chunks need. Three more make a short message at most four times as
    // costly as with server_no_context_takeover.
    private const int FreeFinalBlocks = 3;

    private readonly DeflateFeed _feed = new();

    // Only touched by the one direction.
    private DeflateStream? _codec;
    private DeflateBlockScanner? _scanner; // created for the first message that begins with a final block
    private byte[]? _chunk;
    private long _received; // this and the fields below belong to the message in progress
    private long _expanded;
    private long _frames;
    private long _finalBlocks; // final blocks followed by more data
    private bool _startsBlock; // whether the next byte is known to begin a block
    private bool _scans; // whether the end of the current block is searched for

    public bool HoldsMemory => _codec is not null;

    /// <summary>The number of bytes expanded so far, of all messages.</summary>
    public long Total { get; private set; }

    public long Codecs { get; private set; }

    /// <summary>The number of times that a codec has read input so far; nearly every call reads.</summary>
    public long Reads => _feed.Reads;

    /// <summary>
    /// Expands a part of a message. The output enforces the session's message limit itself. Returns why the session
    /// must end; null if it continues.
    /// </summary>
    public ProtocolViolation? Inflate(in MessagePart part, IBufferWriter<byte> output)
    {
        if (part.StartsMessage)
        {
            (_received, _expanded, _frames, _finalBlocks) = (0, 0, 0, 0);
            _startsBlock = true;
        }

        if (part.StartsFrame)
            _frames++;
        ProtocolViolation? violation = null;
        ReadOnlySpan<byte> data = part.Data;
        while (!data.IsEmpty && violation is null)
        {
            _chunk ??= new byte[ChunkSize];
            ReadOnlySpan<byte> chunk = NextChunk(data);
            chunk.CopyTo(_chunk);
            _feed.Fill(_chunk, chunk.Length);
            _received += chunk.Length;
            if (Drain(output, part.MaxMessageSize, out violation))
                data = data[chunk.Length..];
            else
                violation = AfterFinalBlock(chunk.Length);
        }

        if (!part.EndsMessage || violation is not null)
            return violation;

        // RFC 7692 §7.2.3.6: an empty message is one byte. With no bytes at all, the tail would not be a block.
        if (_received == 0)
        {
            return ProtocolViolation.Of(
                CloseCode.InvalidFramePayloadData,
                "The peer sent a compressed message of no bytes; an empty one takes a byte (RFC 7692 §7.2.3.6).");
        }

        violation = EndMessage();
        if (!takesOver)
            Release();
        return violation;
    }

    public void Dispose() => Release();

    // RFC 7692 §7.2.1: "An endpoint MAY use both DEFLATE blocks with the "BFINAL" bit set to 0 and DEFLATE blocks with
    // the "BFINAL" bit set to 1." At a final block the platform's codec ends, and discards the input it has read after
    // it. If the first block is final, chunks are therefore cut at the ends of blocks, so that nothing is lost. A final
    // block after other blocks is assumed to be the last of its chunk.
    private ReadOnlySpan<byte> NextChunk(ReadOnlySpan<byte> data)
    {
        if (_startsBlock)
        {
            _startsBlock = false;
            _scans = (data[0] & 1) != 0;
            if (_scans)
                (_scanner ??= new DeflateBlockScanner()).Begin();
        }

        ReadOnlySpan<byte> chunk = data[..Math.Min(data.Length, ChunkSize)];
        if (_scans)
        {
            chunk = chunk[.._scanner!.Scan(chunk)];
            _startsBlock = _scanner.IsDone;
        }

        return chunk;
    }

    // Runs until the codec has taken the whole chunk and written all of its output. Returns false if the codec had
    // already ended: the chunk is then for the next codec.
    private bool Drain(IBufferWriter<byte> output, long maxMessageSize, out ProtocolViolation? violation)
    {
        violation = null;
        Span<byte> one = stackalloc byte[1];
        try
        {
            _codec ??= NewCodec();
            while (true)
            {
                Span<byte> free = output.GetSpan();
                free = free[..Math.Min(free.Length, MostAtOnce)];
                int count = Read(free, out bool hasEnded);
                if (hasEnded)
                    return false;

                // If the output is full, read one more byte: growing the message's memory needlessly would copy it.
                int more = _feed.IsEmpty && count == free.Length ? Read(one, out _) : 0;
                violation = Judge(count + more, maxMessageSize);
                if (violation is not null)
                    return true;
                output.Advance(count);
                if (more > 0)
                    output.Write(one);
                _expanded += count + more;
                Total += count + more;
                if (_feed.IsEmpty && more == 0)
                    return true; // room is left over, so the codec has no more output
            }
        }
        catch (InvalidDataException)
        {
            violation = Unreadable();
            return true;
        }
    }

    // RFC 7692 §7.2.2: appends the tail, after which no output may be left. The tail completes a flushed block. If a
    // block was cut off, the codec usually reads the tail as data of that block. Its output must not get into the next
    // message.
    private ProtocolViolation? EndMessage()
    {
        Span<byte> one = stackalloc byte[1];
        try
        {
            _feed.AddTail();
            int count = Read(one, out bool hasEnded);
            if (hasEnded)
                Release(); // it ended at a final block and has not read the tail
            return count == 0 ? null : ProtocolViolation.Of(
                CloseCode.InvalidFramePayloadData,
                "The peer sent a message whose compressed data ends within a block (RFC 7692 §7.2.1).");
        }
        catch (InvalidDataException)
        {
            return Unreadable();
        }
    }

    private static ProtocolViolation Unreadable() =>
        ProtocolViolation.Of(
            CloseCode.InvalidFramePayloadData,
            "The peer sent a message whose compressed data cannot be read (RFC 7692 §7.2.2).");

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
            // With the platform's switch UseStrictValidation, input that pauses is an error; reading can continue.
            count = 0;
        }

        hasEnded = count == 0 && _feed.Reads == reads && !_feed.IsEmpty;
        return count;
    }

    // Replaces a codec that had ended. The chunk was not read; it begins a block without references to earlier data.
    private ProtocolViolation? AfterFinalBlock(int unread)
    {
        Release();
        _startsBlock = true;
        _received -= unread;
        long most = FreeFinalBlocks + _frames + (_received / ChunkSize);
        return ++_finalBlocks <= most ? null : ProtocolViolation.TooCostly(
            $"The peer sent a compressed message of more than {most} final blocks in {_frames} frames and {_received} "
            + "bytes, each of which costs a new codec. Ask it to flush by blocks that are not final.",
            most, _finalBlocks);
    }

    // Runs before anything is written. If both limits are exceeded, one message names both.
    private ProtocolViolation? Judge(int more, long maxMessageSize)
    {
        long limit = _received > long.MaxValue / maxExpansion
            ? long.MaxValue
            : Math.Max(FreeSize, _received * maxExpansion);
        long expanded = _expanded + more;
        if (expanded <= limit)
            return null;
        var violation = ProtocolViolation.TooBig(nameof(PerMessageDeflateOptions.MaxExpansion), limit, expanded);
        return expanded > maxMessageSize ? violation.And("MaxMessageSize", maxMessageSize, expanded) : violation;
    }

    private DeflateStream NewCodec()
    {
        Codecs++;
        return new DeflateStream(_feed, CompressionMode.Decompress, leaveOpen: true);
    }

    private void Release()
    {
        _codec?.Dispose();
        _codec = null;
        _feed.Clear();
    }
}
