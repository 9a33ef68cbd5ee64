using System.Buffers;
using System.IO.Compression;

namespace Duplex.Protocol;

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

    // A final block costs a new codec: 216 bytes, and the time of a few hundred bytes of ordinary data. A sender that
    // flushes by final blocks (RFC 7692 §7.2.3.4) flushes to send a frame, so each frame may have one. One more for each
    // chunk adds no more calls than the chunks take. Three more make a short message at most four times as costly as one
    // that begins with a new codec, as each does with server_no_context_takeover.
    private const int FreeFinalBlocks = 3;

    private readonly DeflateFeed _feed = new();

    // All only touched by the one direction.
    private DeflateStream? _codec;
    private DeflateBlockScanner? _scanner; // made with the first message that begins with a final block
    private byte[]? _chunk;
    private long _received; // of the message in progress, and so are all below
    private long _expanded;
    private long _frames;
    private long _finalBlocks; // that something came after
    private bool _startsBlock; // whether the next byte is the first of a block, as far as it is known
    private bool _scans; // whether it is within a block whose end is looked for

    /// <summary>Whether it holds a codec's memory.</summary>
    public bool HoldsMemory => _codec is not null;

    /// <summary>How many bytes it has made so far, of all messages.</summary>
    public long Total { get; private set; }

    /// <summary>How many codecs it has made so far.</summary>
    public long Codecs { get; private set; }

    /// <summary>How often a codec has asked for input so far, which it does in every call but few.</summary>
    public long Reads => _feed.Reads;

    /// <summary>Expands a part of a message.</summary>
    /// <param name="part">What has come.</param>
    /// <param name="output">Where the outcome goes. It holds the session's limit by itself.</param>
    /// <returns>Why the session cannot go on; null if it can.</returns>
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

        // RFC 7692 §7.2.3.6 has one byte for what is empty. Without any the tail would be no block.
        if (_received == 0)
            return ProtocolViolation.Of(CloseCode.InvalidFramePayloadData, "The peer sent a compressed message of no bytes; an empty one takes a byte (RFC 7692 §7.2.3.6).");
        violation = EndMessage();
        if (!takesOver)
            Release();
        return violation;
    }

    public void Dispose() => Release();

    // RFC 7692 §7.2.1: "An endpoint MAY use both DEFLATE blocks with the "BFINAL" bit set to 0 and DEFLATE blocks with the
    // "BFINAL" bit set to 1." At a final block the platform's codec ends, and drops what it has read after it. So where the
    // first block is final, which is how a peer flushes that can only end, no chunk goes beyond its end, and nothing is
    // lost. A final block after others is taken for the last of its chunk.
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

    // Until the codec has taken all of the chunk, and written all that it makes of it. False if the codec had ended before
    // the chunk, which is then for the next one.
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

                // Without room left over it is asked for one byte: growing the message's memory for nothing would cost a copy of it.
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
                    return true; // with room left over the codec has nothing more to say
            }
        }
        catch (InvalidDataException)
        {
            violation = Unreadable();
            return true;
        }
    }

    // RFC 7692 §7.2.2: the tail, and then nothing may be left. It ends the block that the peer has flushed; where a block was cut off the codec takes it for more of its data, most of the
    // time, and what that makes must not get into the next message.
    private ProtocolViolation? EndMessage()
    {
        Span<byte> one = stackalloc byte[1];
        try
        {
            _feed.AddTail();
            int count = Read(one, out bool hasEnded);
            if (hasEnded)
                Release(); // it ended by a final block, and has not seen the tail
            return count == 0 ? null : ProtocolViolation.Of(CloseCode.InvalidFramePayloadData, "The peer sent a message whose compressed data ends within a block (RFC 7692 §7.2.1).");
        }
        catch (InvalidDataException)
        {
            return Unreadable();
        }
    }

    private static ProtocolViolation Unreadable() =>
        ProtocolViolation.Of(CloseCode.InvalidFramePayloadData, "The peer sent a message whose compressed data cannot be read (RFC 7692 §7.2.2).");

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

    // The codec had ended: the chunk was not read, and begins a block that refers to nothing before.
    private ProtocolViolation? AfterFinalBlock(int unread)
    {
        Release();
        _startsBlock = true;
        _received -= unread;
        long most = FreeFinalBlocks + _frames + (_received / ChunkSize);
        return ++_finalBlocks <= most ? null : ProtocolViolation.TooCostly(
            $"The peer sent a compressed message of more than {most} final blocks in {_frames} frames and {_received} bytes, each of which costs a new codec. Ask it to flush by blocks that are not final.",
            most, _finalBlocks);
    }

    // Before anything is written: where both limits are passed one message names both.
    private ProtocolViolation? Judge(int more, long maxMessageSize)
    {
        long limit = _received > long.MaxValue / maxExpansion ? long.MaxValue : Math.Max(FreeSize, _received * maxExpansion);
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
