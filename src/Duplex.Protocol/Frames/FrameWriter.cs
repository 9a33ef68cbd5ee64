using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// Writes frames to pooled memory; it copies and masks in one pass. A payload may be written in parts, before any other
/// frame begins.
/// </summary>
/// <remarks>Not thread-safe: the owner must hold a lock.</remarks>
public sealed class FrameWriter : IDisposable
{
    // Fits a control frame; pools have nothing much smaller.
    private const int MinBuffer = 256;

    // Bounds the guess by one write of a session: after a huge frame, a single pong must not cost as much.
    private const int MaxGuess = 256 * 1024;

    private readonly MaskKeyPool? _keys;
    private readonly ArrayPool<byte> _pool;

    // Accessed only under the owner's lock.
    private byte[]? _buffer;
    private uint _key;
    private int _guess; // the next batch's size, from the last ones

    /// <summary>Creates a writer. A client's mask keys come from the system's cryptographic generator.</summary>
    /// <param name="role">Our own role: a client masks, a server must not (RFC 6455 §5.1).</param>
    /// <param name="pool">The pool of the buffers; default: <see cref="ArrayPool{T}.Shared"/>.</param>
    public FrameWriter(WebSocketRole role, ArrayPool<byte>? pool = null) : this(role, keys: null, pool)
    {
    }

    internal FrameWriter(WebSocketRole role, MaskKeyPool? keys, ArrayPool<byte>? pool = null)
    {
        // §5.1: "a client MUST mask all frames that it sends to the server"; "A server MUST NOT mask any frames that it
        // sends to the client."
        _keys = role == WebSocketRole.Client ? keys ?? new MaskKeyPool() : null;
        _pool = pool ?? ArrayPool<byte>.Shared;
    }

    /// <summary>The bytes written and not taken yet.</summary>
    public int WrittenCount { get; private set; }

    /// <summary>The payload bytes that the current frame lacks; 0 between frames.</summary>
    public long Remaining { get; private set; }

    /// <summary>Writes a whole frame.</summary>
    /// <exception cref="InvalidOperationException">The previous frame is incomplete.</exception>
    public void Write(
        Opcode opcode, ReadOnlySpan<byte> payload, bool fin = true, ReservedBits reserved = ReservedBits.None) =>
        Begin(opcode, payload.Length, payload, fin, reserved);

    /// <summary>
    /// Writes a header. Exactly <paramref name="payloadLength"/> bytes must be appended before the next frame.
    /// </summary>
    /// <exception cref="InvalidOperationException">The previous frame is incomplete.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public void Begin(
        Opcode opcode, long payloadLength, bool fin = true, ReservedBits reserved = ReservedBits.None) =>
        Begin(opcode, payloadLength, 0, fin, reserved);

    /// <summary>
    /// Writes a header and the beginning of its payload; neither, if the pool throws. The rest must be appended before
    /// the next frame.
    /// </summary>
    /// <exception cref="InvalidOperationException">The previous frame is incomplete.</exception>
    /// <exception cref="ArgumentException"><paramref name="first"/> is longer than the payload.</exception>
    public void Begin(
        Opcode opcode,
        long payloadLength,
        ReadOnlySpan<byte> first,
        bool fin = true,
        ReservedBits reserved = ReservedBits.None)
    {
        if (first.Length > payloadLength)
        {
            throw new ArgumentException(
                $"A payload of {payloadLength} bytes does not begin with {first.Length}.", nameof(first));
        }

        Begin(opcode, payloadLength, first.Length, fin, reserved);
        Append(first);
    }

    /// <summary>Writes the next payload bytes of the current frame.</summary>
    /// <exception cref="ArgumentException">The payload exceeds the rest of the frame.</exception>
    public void Append(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > Remaining)
        {
            throw new ArgumentException(
                $"The frame lacks {Remaining} payload bytes, not {payload.Length}.", nameof(payload));
        }

        if (payload.IsEmpty)
            return; // a rented buffer that stays empty would never be returned

        Span<byte> destination = Reserve(payload.Length);
        if (_keys is null)
            payload.CopyTo(destination);
        else
            _key = PayloadMask.Copy(payload, destination, _key);
        WrittenCount += payload.Length;
        Remaining -= payload.Length;
    }

    /// <summary>
    /// Takes everything written, perhaps up to within a frame. Return the array with <see cref="Return"/>.
    /// </summary>
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

    /// <summary>Returns the array from <see cref="Take"/> to the pool.</summary>
    public void Return(ArraySegment<byte> taken)
    {
        if (taken.Array is { Length: > 0 } array)
            _pool.Return(array);
    }

    /// <summary>Returns the memory to the pool, with what was not taken.</summary>
    public void Dispose()
    {
        Return(Take());
        Remaining = 0;
    }

    private void Begin(Opcode opcode, long payloadLength, int appended, bool fin, ReservedBits reserved)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        if (Remaining > 0)
        {
            throw new InvalidOperationException(
                $"The frame before lacks {Remaining} payload bytes; a frame cannot begin inside another.");
        }

        uint? key = _keys?.Next();
        var header = new FrameHeader(opcode, fin, reserved, payloadLength, key);
        // For the whole write at once: otherwise the first large frame is copied to a larger buffer.
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
