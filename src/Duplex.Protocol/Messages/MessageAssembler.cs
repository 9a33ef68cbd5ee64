using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>
/// Makes frames out of pieces: whole messages (a default session), the frames of the wire (a raw one), or messages in pieces (one that receives streams). It validates text as its
/// bytes come, reads Close payloads, and holds the limits of a message, judged at each fragment's header.
/// </summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop. The limits may be set by any thread.</remarks>
public sealed class MessageAssembler : IDisposable
{
    private readonly AssemblerOutput _output;
    private readonly PayloadAllocator _allocator;
    private readonly PayloadBuilder _message;
    private readonly PayloadBuilder _control;
    private readonly PieceBuilder? _pieces; // instead of _message, where messages come in pieces

    // Set by any thread, read by the one that reads.
    private long _maxMessageSize;
    private int _maxFragments;

    // All below only touched by the thread that reads.
    private Utf8Validator _utf8;
    private FrameType _type; // of the message in progress
    private ReservedBits _reserved; // of the message's first frame
    private int _fragments;
    private long _size; // what the message's headers have declared so far

    /// <summary>Creates an assembler.</summary>
    /// <param name="output">What it makes of data frames.</param>
    /// <param name="pool">Where payloads lie.</param>
    /// <param name="maxMessageSize">The largest message in bytes, all its fragments together.</param>
    /// <param name="maxFragments">The most fragments of a message.</param>
    public MessageAssembler(
        AssemblerOutput output = AssemblerOutput.Messages,
        ArrayPool<byte>? pool = null,
        long maxMessageSize = WebSocketLimits.DefaultMaxSize,
        int maxFragments = WebSocketLimits.DefaultMaxFragments)
    {
        _output = output;
        _allocator = new PayloadAllocator(pool ?? ArrayPool<byte>.Shared);
        _message = new PayloadBuilder(_allocator);
        _control = new PayloadBuilder(_allocator);
        if (output == AssemblerOutput.Pieces)
            _pieces = new PieceBuilder(pool ?? ArrayPool<byte>.Shared);
        MaxMessageSize = maxMessageSize;
        MaxFragments = maxFragments;
    }

    /// <summary>
    /// The largest message in bytes, all its fragments together: 1 to <see cref="WebSocketLimits.LargestSize"/>, or to any size where messages come in pieces. It is asked at each
    /// fragment's header.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of that range.</exception>
    public long MaxMessageSize
    {
        get => Volatile.Read(ref _maxMessageSize);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            if (_pieces is null)
                ArgumentOutOfRangeException.ThrowIfGreaterThan(value, WebSocketLimits.LargestSize); // a message stands in one array
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

    /// <summary>Takes a piece over; true if it completed <paramref name="frame"/>.</summary>
    public bool TryAccept(in FramePiece piece, [NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        bool isControl = piece.Header.IsControl;
        PayloadBuilder builder = isControl ? _control : _message;
        if (piece.Starts)
        {
            if (!isControl && !TryStart(piece))
                return false;
            if (_pieces is not null && !isControl)
                _pieces.Expect(piece.Header.PayloadLength);
            else
                builder.Expect(piece.Header.PayloadLength, final: _output == AssemblerOutput.Frames || piece.Header.Fin);
        }

        if (piece.Type == FrameType.Text && !TryValidate(piece))
            return false;
        if (_pieces is not null && !isControl)
        {
            _pieces.Append(piece.Payload);
            if (piece.EndsMessage)
                frame = TakePiece(fin: true);
            return frame is not null;
        }

        builder.Append(piece.Payload);
        if (!piece.Ends || (_output == AssemblerOutput.Messages && !isControl && !piece.Header.Fin))
            return false;
        ReservedBits reserved = isControl || _output == AssemblerOutput.Frames ? piece.Header.Reserved : _reserved;
        ReadOnlyMemory<byte> payload = builder.Take(out SharedBuffer? owner);
        frame = Frame.Create(piece.Type, piece.Header.Fin, reserved, payload, owner);
        if (piece.Type != FrameType.Close || ClosePayload.TryParse(payload.Span, out _, out ProtocolViolation? violation))
            return true;

        Violation = violation;
        frame.Recycle();
        frame = null;
        return false;
    }

    /// <summary>
    /// Where messages come in pieces: gives out what has come of the message in progress and was not given out yet; false if there is nothing. For the end of a batch, and before a Close
    /// is passed on: until then small fragments gather, so that not each becomes a frame.
    /// </summary>
    public bool TryTakePiece([NotNullWhen(true)] out Frame? piece)
    {
        piece = _pieces is { Length: > 0 } ? TakePiece(fin: false) : null;
        return piece is not null;
    }

    /// <summary>Memory of the message in progress, to read its next payload bytes straight into; pieces over that memory are then not copied.</summary>
    /// <param name="most">How many bytes of the frame in progress have not come yet.</param>
    public Memory<byte> GetPayloadMemory(long most) => _pieces is null ? _message.GetTail(most) : _pieces.GetTail(most);

    /// <summary>Lets go of memory that only a connection in traffic needs.</summary>
    public void Trim()
    {
        _allocator.Trim();
        _pieces?.Trim();
    }

    /// <summary>Drops what was not completed and gives the memory back. Frames that were delivered stay valid.</summary>
    public void Dispose()
    {
        _message.Discard();
        _control.Discard();
        _pieces?.Discard();
        _allocator.Trim();
    }

    private Frame TakePiece(bool fin)
    {
        ReadOnlyMemory<byte> payload = _pieces!.Take(out SharedBuffer? owner);
        return Frame.Create(_type, fin, _reserved, payload, owner);
    }

    private bool TryStart(in FramePiece piece)
    {
        if (piece.StartsMessage)
        {
            _type = piece.Type;
            _reserved = piece.Header.Reserved;
            _fragments = 0;
            _size = 0;
            _utf8.Reset();
        }

        long length = piece.Header.PayloadLength;
        if (_output == AssemblerOutput.Frames)
        {
            // Whatever a reader lets through, a frame stands in one array.
            if (length > WebSocketLimits.LargestSize)
                Violation = ProtocolViolation.TooBig("MaxFrameSize", WebSocketLimits.LargestSize, length);
            return Violation is null;
        }

        // Each once: another thread may set them between the judgement and the words.
        long maxSize = MaxMessageSize;
        int maxFragments = MaxFragments;
        if (length > maxSize - _size)
            Violation = ProtocolViolation.TooBig("MaxMessageSize", maxSize, (long)Math.Min((ulong)_size + (ulong)length, long.MaxValue));
        else if (++_fragments > maxFragments)
            Violation = ProtocolViolation.TooBig("MaxFragments", maxFragments, _fragments, "fragments");
        else
            _size += length;
        return Violation is null;
    }

    private bool TryValidate(in FramePiece piece)
    {
        // §8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST
        // _Fail the WebSocket Connection_." Noticed at the first bad byte, not at the end of the message.
        if (!_utf8.Append(piece.Payload) || (piece.EndsMessage && !_utf8.IsComplete))
            Violation = ProtocolViolation.InvalidUtf8("a text message");
        return Violation is null;
    }
}
