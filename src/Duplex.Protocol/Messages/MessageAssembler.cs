using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>
/// Makes frames out of pieces: whole messages (a default session) or the frames of the wire (a raw one). It validates text as its bytes come, reads Close payloads, and holds
/// the limits of a message, judged at each fragment's header.
/// </summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop. The limits may be set by any thread.</remarks>
public sealed class MessageAssembler : IDisposable
{
    private readonly bool _mergeFragments;
    private readonly PayloadAllocator _allocator;
    private readonly PayloadBuilder _message;
    private readonly PayloadBuilder _control;
    private readonly IncomingTransform? _transform;
    private readonly MessageOutput? _output; // where extensions write

    // Set by any thread, read by the one that reads.
    private long _maxMessageSize;
    private int _maxFragments;

    // All below only touched by the thread that reads.
    private Utf8Validator _utf8;
    private ReservedBits _reserved; // of the message's first frame
    private int _fragments;

    /// <summary>Creates an assembler.</summary>
    /// <param name="mergeFragments">Whether fragments become one frame; otherwise each frame of the wire is delivered as it came, and the message's limits do not apply.</param>
    /// <param name="pool">Where payloads lie.</param>
    /// <param name="maxMessageSize">The largest message in bytes, all its fragments together.</param>
    /// <param name="maxFragments">The most fragments of a message.</param>
    public MessageAssembler(
        bool mergeFragments = true,
        ArrayPool<byte>? pool = null,
        long maxMessageSize = WebSocketLimits.DefaultMaxSize,
        int maxFragments = WebSocketLimits.DefaultMaxFragments)
        : this(transform: null, mergeFragments, pool, maxMessageSize, maxFragments)
    {
    }

    /// <summary>Creates an assembler whose messages pass extensions.</summary>
    internal MessageAssembler(IncomingTransform? transform, bool mergeFragments, ArrayPool<byte>? pool, long maxMessageSize, int maxFragments)
    {
        _mergeFragments = mergeFragments;
        _allocator = new PayloadAllocator(pool ?? ArrayPool<byte>.Shared);
        _message = new PayloadBuilder(_allocator);
        _control = new PayloadBuilder(_allocator);
        _transform = transform;
        _output = transform is null ? null : new MessageOutput(_message);
        MaxMessageSize = maxMessageSize;
        MaxFragments = maxFragments;
    }

    /// <summary>The largest message in bytes, all its fragments together, as the extensions leave it: 1 to <see cref="WebSocketLimits.LargestSize"/>. It is asked at each fragment's header.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of that range.</exception>
    public long MaxMessageSize
    {
        get => Volatile.Read(ref _maxMessageSize);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, WebSocketLimits.LargestSize);
            Volatile.Write(ref _maxMessageSize, value);
        }
    }

    /// <summary>The most fragments of a message, at least 1. It is asked at each fragment's header.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is zero or negative.</exception>
    public int MaxFragments
    {
        get => Volatile.Read(ref _maxFragments);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Volatile.Write(ref _maxFragments, value);
        }
    }

    /// <summary>What the peer did wrong, once it did: no piece may follow.</summary>
    public ProtocolViolation? Violation { get; private set; }

    /// <summary>Whether the payload of the data frame in progress stands in the message as it comes, so that it can be read straight into <see cref="GetPayloadMemory"/>.</summary>
    public bool TakesPayloadInPlace => _transform is not { IsActive: true };

    /// <summary>Takes a piece over; true if it completed <paramref name="frame"/>.</summary>
    public bool TryAccept(in FramePiece piece, [NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        PayloadBuilder builder = piece.Header.IsControl ? _control : _message;
        if (_transform is not null && !piece.Header.IsControl)
        {
            if (!TryTransform(piece, _transform))
                return false;
        }
        else
        {
            if (piece.Starts)
            {
                if (!piece.Header.IsControl && !(TryStart(piece) && FitsMessage(piece)))
                    return false;
                builder.Expect(piece.Header.PayloadLength, final: !_mergeFragments || piece.Header.Fin);
            }

            if (piece.Type == FrameType.Text && !TryValidate(piece.Payload, piece.EndsMessage))
                return false;
            builder.Append(piece.Payload);
        }

        if (!piece.Ends || (_mergeFragments && !piece.Header.IsControl && !piece.Header.Fin))
            return false;
        ReservedBits reserved = piece.Header.IsControl || !_mergeFragments ? piece.Header.Reserved : _reserved;
        ReadOnlyMemory<byte> payload = builder.Take(out SharedBuffer? owner);
        frame = Frame.Create(piece.Type, piece.Header.Fin, reserved, payload, owner);
        if (piece.Type != FrameType.Close || ClosePayload.TryParse(payload.Span, out _, out ProtocolViolation? violation))
            return true;

        Violation = violation;
        frame.Recycle();
        frame = null;
        return false;
    }

    /// <summary>Memory of the message in progress, to read its next payload bytes straight into; pieces over that memory are then not copied.</summary>
    /// <param name="most">How many bytes of the frame in progress have not come yet.</param>
    public Memory<byte> GetPayloadMemory(long most) => _message.GetTail(most);

    /// <summary>Lets go of memory that only a connection in traffic needs.</summary>
    public void Trim() => _allocator.Trim();

    /// <summary>Drops what was not completed and gives the memory back. Frames that were delivered stay valid.</summary>
    public void Dispose()
    {
        _message.Discard();
        _control.Discard();
        _allocator.Trim();
    }

    // Judged at the header, before memory is taken: all but the size, which extensions change.
    private bool TryStart(in FramePiece piece)
    {
        if (piece.StartsMessage)
        {
            _reserved = _transform is null ? piece.Header.Reserved : piece.Header.Reserved & ~_transform.OwnedBits;
            _fragments = 0;
            _utf8.Reset();
        }

        // Once: another thread may set it between the judgement and the words.
        int maxFragments = MaxFragments;
        if (_mergeFragments && ++_fragments > maxFragments)
            Violation = ProtocolViolation.TooBig("MaxFragments", maxFragments, _fragments, "fragments");
        return Violation is null;
    }

    private bool FitsMessage(in FramePiece piece)
    {
        long maxSize = MaxMessageSize;
        long size = _message.Length + piece.Header.PayloadLength;
        if (_mergeFragments && size > maxSize)
            Violation = ProtocolViolation.TooBig("MaxMessageSize", maxSize, size);
        return Violation is null;
    }

    private bool TryTransform(in FramePiece piece, IncomingTransform transform)
    {
        if (piece.Starts && !TryStart(piece))
            return false;

        int before = _message.Length;
        bool isWell = transform.TryProcess(piece, _output!, MaxMessageSize, out ReadOnlySpan<byte> rest, out ProtocolViolation? violation);
        Violation = violation;
        if (isWell && piece.Starts && !transform.IsActive)
        {
            isWell = FitsMessage(piece);
            _message.Expect(piece.Header.PayloadLength, piece.Header.Fin);
        }

        if (isWell)
            _message.Append(rest);
        transform.Clear();
        return isWell && (piece.Type != FrameType.Text || TryValidate(_message.Since(before), piece.EndsMessage));
    }

    private bool TryValidate(ReadOnlySpan<byte> text, bool ends)
    {
        // §8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST
        // _Fail the WebSocket Connection_." Noticed at the first bad byte, not at the end of the message.
        if (!_utf8.Append(text) || (ends && !_utf8.IsComplete))
            Violation = ProtocolViolation.InvalidUtf8("a text message");
        return Violation is null;
    }
}
