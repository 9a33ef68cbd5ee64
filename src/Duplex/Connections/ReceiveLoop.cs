using System.Buffers;

namespace Duplex;

/// <summary>
/// Reads a connection's stream: the only place that does. It waits for bytes and for room at its receiver, for nothing else: never for a write, never for user code.
/// </summary>
internal sealed class ReceiveLoop(Stream stream, FrameReader reader, MessageAssembler assembler, ArrayPool<byte> pool, TimeProvider time, ExtensionChain? extensions = null)
{
    /// <summary>One read's worth: measured, smaller reads cost system calls and larger ones gain nothing for small messages; large payloads are read past it anyway.</summary>
    public const int BufferSize = 64 * 1024;

    /// <summary>A frame this large makes the next likely to be large, too. Two such fill a buffer: from here on a copy saved outweighs a read of its own.</summary>
    public const int LargeFrame = BufferSize / 2;

    /// <summary>What is read into the buffer where a large frame is likely: its header and little more, so that the rest can be read straight into the message.</summary>
    public const int LargeFrameHead = 4096;

    /// <summary>
    /// While bytes come at least this often the loop waits with its buffer in place; otherwise it waits without one, by a read of zero bytes. That read costs a system call, which
    /// a dialogue over loopback (30 us a round) shall not pay, and saves an idle connection 64 KiB.
    /// </summary>
    public static readonly TimeSpan HotPeriod = TimeSpan.FromMilliseconds(1);

    private readonly long _hotTicks = (long)(HotPeriod.TotalSeconds * time.TimestampFrequency);

    // All only touched by the loop.
    private byte[]? _buffer;
    private bool _isHot;
    private bool _expectsLarge; // whether the last frame was a large one
    private Memory<byte> _input; // what was read and not parsed yet, in _buffer or in the message's own memory

    // Written by the loop, read by keep-alive on any thread.
    private long _lastInbound = time.GetTimestamp();
    private long _lastResume = time.GetTimestamp();
    private volatile bool _isPaused;

    private enum Parsed
    {
        Last,
        LacksBytes,
        LacksRoom,
    }

    /// <summary>When bytes came last, as a timestamp.</summary>
    public long LastInbound => Volatile.Read(ref _lastInbound);

    /// <summary>When the loop last went on after a pause, as a timestamp.</summary>
    public long LastResume => Volatile.Read(ref _lastResume);

    /// <summary>Whether the loop waits for room, and so cannot see what the peer sends.</summary>
    public bool IsPaused => _isPaused;

    /// <summary>Reads and parses until the receiver wants no more, the peer breaks a rule, or the stream ends.</summary>
    public async Task<ReceiveEnd> RunAsync(IFrameReceiver receiver)
    {
        // The connection may have been released before we begin: then a read would find its end, too.
        if (extensions?.TryUse() == false)
            return new ReceiveEnd(Error: new EndOfStreamException("The connection was released before anything was received."));
        try
        {
            while (true)
            {
                Parsed parsed = Parse(receiver);
                receiver.OnBatchEnd();
                if ((reader.Violation ?? assembler.Violation) is { } violation)
                    return new ReceiveEnd(Violation: violation);
                if (parsed == Parsed.Last)
                    return default;
                if (parsed == Parsed.LacksRoom)
                    await PauseAsync(receiver).ConfigureAwait(false);
                else if (!await ReadAsync().ConfigureAwait(false))
                    return new ReceiveEnd(Error: new EndOfStreamException("The peer ended the connection without a Close frame."));
            }
        }
        catch (Exception e) // whatever a stream throws, the connection is gone
        {
            return new ReceiveEnd(Error: e is IOException ? e : new IOException("Reading from the connection failed.", e));
        }
        finally
        {
            extensions?.Unuse();
        }
    }

    /// <summary>
    /// Reads and drops until the stream ends. Unread bytes would turn our FIN into an RST, which can destroy our Close frame on its way.
    /// </summary>
    public async Task DrainAsync()
    {
        try
        {
            _buffer ??= pool.Rent(BufferSize);
            while (await stream.ReadAsync(_buffer, CancellationToken.None).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception) // the end is what was waited for
        {
        }
    }

    /// <summary>Gives the memory back. No read may be in progress.</summary>
    public void Release()
    {
        ReturnBuffer();
        assembler.Dispose();
    }

    // It says itself why it stopped: whether there is room may have changed a moment later, while whole frames still lie in the input.
    private Parsed Parse(IFrameReceiver receiver)
    {
        Span<byte> input = _input.Span;
        Parsed parsed = Parsed.LacksBytes;
        while (parsed == Parsed.LacksBytes)
        {
            if (!receiver.HasRoom)
            {
                parsed = Parsed.LacksRoom;
                break;
            }

            if (!reader.TryRead(ref input, out FramePiece piece))
                break;
            _expectsLarge = piece.Header.PayloadLength >= LargeFrame;
            if (assembler.TryAccept(piece, out Frame? frame))
            {
                if (frame.Type == FrameType.Close)
                    PassPiece(receiver); // nothing comes behind it
                parsed = receiver.OnFrame(frame) ? Parsed.LacksBytes : Parsed.Last;
            }
            else if (assembler.Violation is not null)
            {
                break;
            }
        }

        PassPiece(receiver);
        _input = input.IsEmpty ? default : _input[^input.Length..]; // empty, it would still keep a message's memory
        return parsed;
    }

    // Where messages come in pieces: whatever has come is passed on, without waiting for more.
    private void PassPiece(IFrameReceiver receiver)
    {
        if (assembler.TryTakePiece(out Frame? piece))
            receiver.OnFrame(piece);
    }

    private async Task PauseAsync(IFrameReceiver receiver)
    {
        _isPaused = true;
        await receiver.WaitForRoomAsync().ConfigureAwait(false);
        Volatile.Write(ref _lastResume, time.GetTimestamp());
        _isPaused = false;
    }

    private async ValueTask<bool> ReadAsync()
    {
        if (_input.IsEmpty && !_isHot)
        {
            ReturnBuffer();
            assembler.Trim();
            await stream.ReadAsync(Memory<byte>.Empty, CancellationToken.None).ConfigureAwait(false);
        }

        int kept = 0;
        Memory<byte> target;
        if (_expectsLarge && assembler.TakesPayloadInPlace && reader.Remaining >= LargeFrameHead)
        {
            // All that was read before is parsed, so the buffer is not needed; and after a silence the zero-byte read has seen bytes before anything is reserved for them.
            ReturnBuffer();
            target = assembler.GetPayloadMemory(reader.Remaining);
        }
        else
        {
            // Part of a header may be left over: at most 13 bytes.
            kept = _input.Length;
            _buffer ??= pool.Rent(BufferSize);
            _input.CopyTo(_buffer);
            target = _buffer.AsMemory(kept, _expectsLarge && assembler.TakesPayloadInPlace ? LargeFrameHead : BufferSize - kept);
        }

        int read = await stream.ReadAsync(target, CancellationToken.None).ConfigureAwait(false);
        long now = time.GetTimestamp();
        _isHot = now - _lastInbound <= _hotTicks;
        Volatile.Write(ref _lastInbound, now);
        _input = kept == 0 ? target[..read] : _buffer.AsMemory(0, kept + read);
        return read > 0;
    }

    private void ReturnBuffer()
    {
        if (_buffer is null)
            return;
        pool.Return(_buffer);
        _buffer = null;
        _input = default;
    }
}
