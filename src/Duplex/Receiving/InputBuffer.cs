using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Duplex;

/// <summary>
/// Reads a connection's stream, the only type that does, into memory that the parser takes it from: a buffer, or a
/// large message's own memory. Without traffic it has no buffer.
/// </summary>
/// <remarks>One thread at a time runs it. A read gets no token: cancelling one destroys an upgraded stream.</remarks>
internal sealed class InputBuffer
{
    /// <summary>Measured: smaller reads cost system calls, larger ones gain nothing for small messages.</summary>
    public const int BufferSize = 64 * 1024;

    /// <summary>
    /// After such a frame the next is likely large. Two fill a buffer: a copy saved outweighs an extra read.
    /// </summary>
    public const int LargeFrame = BufferSize / 2;

    /// <summary>
    /// What is read where a large frame is likely: its header and little more. The rest goes into the message.
    /// </summary>
    public const int LargeFrameHead = 4096;

    /// <summary>
    /// While bytes come this often the buffer stays. Otherwise a read of zero bytes saves 64 KiB; its system call would
    /// cost a loopback round (30 us) too much.
    /// </summary>
    public static readonly TimeSpan HotPeriod = TimeSpan.FromMilliseconds(1);

    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private readonly MessageAssembler _assembler;
    private readonly ArrayPool<byte> _pool;
    private readonly TimeProvider _time;
    private readonly long _hotTicks;

    // Only touched by the thread that runs it.
    private byte[]? _buffer;
    private byte[]? _array; // _buffer or the message's memory; null if all is parsed
    private int _start; // of what is unparsed
    private int _end;
    private Memory<byte> _target; // empty for a read that only waits
    private ValueTask<int> _reading;

    // Written by the thread that runs it, read on any.
    private long _lastInbound;

    public InputBuffer(Stream stream, FrameReader reader, MessageAssembler assembler, ConnectionSettings settings)
    {
        _stream = stream;
        _reader = reader;
        _assembler = assembler;
        _pool = settings.Pool;
        _time = settings.Time;
        _hotTicks = (long)(HotPeriod.TotalSeconds * _time.TimestampFrequency);
        _lastInbound = _time.GetTimestamp();
    }

    public enum Outcome
    {
        /// <summary>The continuation of <see cref="Reading"/> is to call <see cref="TakeIn"/>.</summary>
        Pending,

        Bytes,

        /// <summary>The peer has ended its stream.</summary>
        End,
    }

    /// <summary>The pending read. Once a continuation is registered, it may run on another thread.</summary>
    public ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter Reading =>
        _reading.ConfigureAwait(false).GetAwaiter();

    /// <summary>When bytes were read last.</summary>
    public long LastInbound => Volatile.Read(ref _lastInbound);

    /// <summary>What was read and not parsed yet.</summary>
    public Span<byte> Unparsed => _array.AsSpan(_start, _end - _start);

    public bool IsEmpty => _start == _end;

    /// <summary>Whether a read brought nothing.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Whether the last bytes came within <see cref="HotPeriod"/> of those before.</summary>
    public bool IsHot { get; private set; }

    /// <summary>Of the frame parsed last.</summary>
    public long LastPayloadLength { get; set; }

    /// <summary>Leaves so many bytes to be parsed.</summary>
    public void Keep(int count)
    {
        _start = _end - count;
        if (count == 0)
            LetGo();
    }

    /// <summary>What stands before the last <paramref name="rest"/> bytes. Before <see cref="Keep"/>.</summary>
    public ReadOnlyMemory<byte> Before(int rest, int length) => _array.AsMemory(_end - rest - length, length);

    /// <summary>Reads more, after all that is unparsed is no whole frame.</summary>
    public Outcome Read()
    {
        if (HasEnded)
            return Outcome.End;
        if (!IsEmpty || IsHot)
            return Fill();
        ReturnBuffer();
        _assembler.Trim();
        return Begin(default);
    }

    /// <summary>Takes in what a read brought, and reads on if it only waited.</summary>
    public Outcome TakeIn()
    {
#pragma warning disable RS0030 // the read has completed: this is its continuation
        int read = _reading.GetAwaiter().GetResult();
#pragma warning restore RS0030
        if (_target.IsEmpty)
            return Fill();

        long now = _time.GetTimestamp();
        IsHot = now - _lastInbound <= _hotTicks;
        Volatile.Write(ref _lastInbound, now);
        if (read == 0)
        {
            HasEnded = true;
            return Outcome.End;
        }

        if (IsEmpty)
            Take(_target[..read]);
        else
            _end += read; // it stands behind what was left
        return Outcome.Bytes;
    }

    /// <summary>Unread bytes would turn our FIN into an RST, which can destroy our Close on its way.</summary>
    public async Task DrainAsync()
    {
        try
        {
            _buffer ??= _pool.Rent(BufferSize);
            while (await _stream.ReadAsync(_buffer, CancellationToken.None).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception) // the end was waited for
        {
        }
    }

    /// <summary>Leaves the memory to the collector, as what was parsed may still be read.</summary>
    public void Abandon()
    {
        if (_buffer is null)
            return;
        Span<byte> rest = Unparsed;
        _buffer = null; // first: renting may fail
        _buffer = _pool.Rent(BufferSize);
        MoveTo(_buffer, rest);
    }

    /// <summary>No read may be in progress.</summary>
    public void Release() => ReturnBuffer();

    private Outcome Fill()
    {
        bool expectsLarge = LastPayloadLength >= LargeFrame;
        if (expectsLarge && _assembler.TakesPayloadInPlace && _reader.Remaining >= LargeFrameHead)
        {
            // After a silence the zero-byte read has seen bytes before this reserves memory.
            ReturnBuffer();
            return Begin(_assembler.GetPayloadMemory(_reader.Remaining));
        }

        // At most 13 bytes of a header are left.
        _buffer ??= _pool.Rent(BufferSize);
        MoveTo(_buffer, Unparsed);
        int kept = _end;
        int most = expectsLarge && _assembler.TakesPayloadInPlace ? LargeFrameHead : BufferSize - kept;
        return Begin(_buffer.AsMemory(kept, most));
    }

    private Outcome Begin(Memory<byte> target)
    {
        _target = target;
#pragma warning disable CA2012 // it is consumed once, by TakeIn
        _reading = _stream.ReadAsync(target, CancellationToken.None);
#pragma warning restore CA2012
        if (_reading.IsCompleted)
            return TakeIn();
        if (_reader.Remaining == 0)
            _assembler.TrimLarge(); // the silence may be long
        return Outcome.Pending;
    }

    private void Take(Memory<byte> read)
    {
        MemoryMarshal.TryGetArray(read, out ArraySegment<byte> segment);
        (_array, _start, _end) = (segment.Array, segment.Offset, segment.Offset + segment.Count);
    }

    private void MoveTo(byte[] buffer, Span<byte> rest)
    {
        if (rest.IsEmpty)
        {
            LetGo();
            return;
        }

        rest.CopyTo(buffer);
        (_array, _start, _end) = (buffer, 0, rest.Length);
    }

    // Otherwise it would keep a message's memory.
    private void LetGo()
    {
        _array = null;
        _start = 0;
        _end = 0;
    }

    private void ReturnBuffer()
    {
        LetGo();
        if (_buffer is null)
            return;
        _pool.Return(_buffer);
        _buffer = null;
    }
}
