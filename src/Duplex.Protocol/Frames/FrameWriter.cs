using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// Writes frames one behind the other into pooled memory: header, and payload copied and masked in one pass. A payload may come in parts; until its last byte no other frame can begin.
/// </summary>
/// <remarks>Not thread-safe: its owner holds a lock around it.</remarks>
public sealed class FrameWriter : IDisposable
{
    // The smallest buffer rented: a lone control frame fits, and a pool has nothing smaller worth having.
    private const int MinBuffer = 256;

    // What the last batch may make us rent at once for the next: after one huge frame a lone pong shall not cost as much again. As much as one write of a session carries.
    private const int MaxGuess = 256 * 1024;

    private readonly MaskKeyPool? _keys;
    private readonly ArrayPool<byte> _pool;

    // All only touched under the owner's lock.
    private byte[]? _buffer;
    private uint _key;
    private int _guess; // what the last batches held, the latest counting most: the next is likely to be alike

    /// <summary>Creates a writer. A client's mask keys come from the system's cryptographic generator.</summary>
    /// <param name="role">Our own role: a client masks, a server must not (RFC 6455 §5.1).</param>
    /// <param name="pool">The pool of the buffers; by default the shared one.</param>
    public FrameWriter(WebSocketRole role, ArrayPool<byte>? pool = null) : this(role, keys: null, pool)
    {
    }

    /// <summary>Creates a writer with its own source of mask keys.</summary>
    internal FrameWriter(WebSocketRole role, MaskKeyPool? keys, ArrayPool<byte>? pool = null)
    {
        // §5.1: "a client MUST mask all frames that it sends to the server"; "A server MUST NOT mask any frames that it sends to the client."
        _keys = role == WebSocketRole.Client ? keys ?? new MaskKeyPool() : null;
        _pool = pool ?? ArrayPool<byte>.Shared;
    }

    /// <summary>How many bytes were written and not taken yet.</summary>
    public int WrittenCount { get; private set; }

    /// <summary>How many payload bytes the frame that was begun still lacks; 0 between frames.</summary>
    public long Remaining { get; private set; }

    /// <summary>Writes a whole frame.</summary>
    /// <exception cref="InvalidOperationException">The frame before is not complete.</exception>
    public void Write(Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true, ReservedBits reserved = ReservedBits.None) =>
        Begin(opcode, payload.Length, payload, fin, reserved);

    /// <summary>Writes a frame's header; exactly <paramref name="payloadLength"/> bytes must be appended before the next frame.</summary>
    /// <exception cref="InvalidOperationException">The frame before is not complete.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public void Begin(Opcode opcode, long payloadLength, bool fin = true, ReservedBits reserved = ReservedBits.None) => Begin(opcode, payloadLength, 0, fin, reserved);

    /// <summary>Writes a frame's header and the beginning of its payload, both or, if the pool has no memory for them, neither; the rest must be appended before the next frame.</summary>
    /// <param name="opcode">The opcode.</param>
    /// <param name="payloadLength">The length of the whole payload.</param>
    /// <param name="first">Its beginning.</param>
    /// <param name="fin">Whether the frame ends its message.</param>
    /// <param name="reserved">Its reserved bits.</param>
    /// <exception cref="InvalidOperationException">The frame before is not complete.</exception>
    /// <exception cref="ArgumentException"><paramref name="first"/> is longer than the payload.</exception>
    public void Begin(Opcode opcode, long payloadLength, ReadOnlySpan<byte> first, bool fin = true, ReservedBits reserved = ReservedBits.None)
    {
        if (first.Length > payloadLength)
            throw new ArgumentException($"A payload of {payloadLength} bytes does not begin with {first.Length}.", nameof(first));
        Begin(opcode, payloadLength, first.Length, fin, reserved);
        Append(first);
    }

    /// <summary>Writes the next payload bytes of the frame that was begun.</summary>
    /// <exception cref="ArgumentException">There are more than the frame lacks.</exception>
    public void Append(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > Remaining)
            throw new ArgumentException($"The frame lacks {Remaining} payload bytes, not {payload.Length}.", nameof(payload));
        if (payload.IsEmpty)
            return; // else it could rent a buffer that stays empty, which nobody would think of returning

        Span<byte> destination = Reserve(payload.Length);
        if (_keys is null)
            payload.CopyTo(destination);
        else
            _key = PayloadMask.Copy(payload, destination, _key);
        WrittenCount += payload.Length;
        Remaining -= payload.Length;
    }

    /// <summary>Takes all that was written, which may end inside a frame. The array goes back by <see cref="Return"/>.</summary>
    public ArraySegment<byte> Take()
    {
        if (_buffer is null)
            return ArraySegment<byte>.Empty;

        var written = new ArraySegment<byte>(_buffer, 0, WrittenCount);
        _guess = Math.Max(WrittenCount, _guess / 2);
        _buffer = null;
        WrittenCount = 0;
        return written;
    }

    /// <summary>Gives back what <see cref="Take"/> gave out.</summary>
    public void Return(ArraySegment<byte> taken)
    {
        if (taken.Array is { Length: > 0 } array)
            _pool.Return(array);
    }

    /// <summary>Gives the memory back; what was not taken is lost.</summary>
    public void Dispose()
    {
        Return(Take());
        Remaining = 0;
    }

    private void Begin(Opcode opcode, long payloadLength, int appended, bool fin, ReservedBits reserved)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        if (Remaining > 0)
            throw new InvalidOperationException($"The frame before lacks {Remaining} payload bytes; a frame cannot begin inside another.");

        uint? key = _keys?.Next();
        var header = new FrameHeader(opcode, fin, reserved, payloadLength, key);
        // One reservation for all that follows at once, or the first large frame would move from a small buffer to a large one.
        WrittenCount += header.Write(Reserve(checked(header.Size + appended)));
        _key = key.GetValueOrDefault();
        Remaining = payloadLength;
    }

    private Span<byte> Reserve(int bytes)
    {
        int needed = checked(WrittenCount + bytes);
        if (_buffer is null)
        {
            _buffer = _pool.Rent(Math.Max(needed, Math.Clamp(_guess, MinBuffer, MaxGuess)));
        }
        else if (_buffer.Length < needed)
        {
            byte[] grown = _pool.Rent(Math.Max(needed, 2 * _buffer.Length));
            _buffer.AsSpan(0, WrittenCount).CopyTo(grown);
            _pool.Return(_buffer);
            _buffer = grown;
        }

        return _buffer.AsSpan(WrittenCount, bytes);
    }
}
