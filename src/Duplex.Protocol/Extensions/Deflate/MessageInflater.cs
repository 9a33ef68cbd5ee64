using System.Buffers;
using System.IO.Compression;

namespace Duplex.Protocol;

/// <summary>Expands messages with the platform's codec. Allocates with the first message.</summary>
/// <remarks>Not thread-safe: belongs to one direction of one session. Its window of 32 KiB fits every peer's.</remarks>
internal sealed class MessageInflater(bool takesOver, int maxExpansion) : IDisposable
{
    /// <summary>
    /// Smaller messages are not checked: a short text of blanks is harmless, and every queue can hold this much.
    /// </summary>
    public const int FreeSize = 1024 * 1024;

    // One page is copied for the codec at a time; it copies again, into a buffer of twice that size.
    private const int ChunkSize = 4096;

    // An uncompressed batch is expanded between checks of the limits.
    private const int MostAtOnce = 64 * 1024;

    // A final block costs a new codec: 216 bytes, and the time of a few hundred bytes of data. So one is free for each
    // frame (a sender may flush by them, RFC 7692 §7.2.3.4) and for each chunk. Three more make a short message at most
    // four times as costly as with server_no_context_takeover.
    private const int FreeFinalBlocks = 3;

    private readonly DeflateFeed _feed = new();

    // Only touched by the one direction.
    private DeflateStream? _codec;
    private DeflateBlockScanner? _scanner; // created for the first message that begins with a final block
    private byte[]? _chunk;
    private long _received; // from here on: of the message in progress
    private long _expanded;
    private long _frames;
    private long _finalBlocks; // those followed by more data
    private bool _startsBlock; // the next byte begins a block
    private bool _scans; // the end of the current block is searched for

    public bool HoldsMemory => _codec is not null;

    public long Total { get; private set; }

    public long Codecs { get; private set; }

    public long Reads => _feed.Reads;

    /// <summary>Returns why the session must end. The output enforces the message limit itself.</summary>
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

        // RFC 7692 §7.2.3.6: an empty message is one byte. With none, the tail would not be a block.
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
    // the "BFINAL" bit set to 1." At a final block the codec ends and discards its further input. So if the first block
    // is final, chunks are cut at block ends; a later final block is assumed to be the last of its chunk.
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

    // False if the codec had already ended: the chunk is then for the next one.
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

                // If the output is full, probe with one byte: growing the message's memory needlessly would copy it.
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
                    return true; // room is left, so the codec has no more output
            }
        }
        catch (InvalidDataException)
        {
            violation = Unreadable();
            return true;
        }
    }

    // RFC 7692 §7.2.2: appends the tail, after which no output may be left. The codec reads it as data of a block that
    // was cut off, and that must not get into the next message.
    private ProtocolViolation? EndMessage()
    {
        Span<byte> one = stackalloc byte[1];
        try
        {
            _feed.AddTail();
            int count = Read(one, out bool hasEnded);
            if (hasEnded)
                Release(); // ended at a final block, before the tail
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
            // With the platform's switch UseStrictValidation, a pause in the input is an error.
            count = 0;
        }

        hasEnded = count == 0 && _feed.Reads == reads && !_feed.IsEmpty;
        return count;
    }

    // The unread chunk begins a block without references to earlier data.
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

    // Before anything is written.
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
