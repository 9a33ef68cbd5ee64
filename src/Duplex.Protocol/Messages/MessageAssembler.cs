using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// Makes frames out of pieces: whole messages (a default session), the frames of the wire (a raw one), or messages in pieces (one that receives streams). It validates text as its
/// bytes come, reads Close payloads, and holds the limits of a message, judged at each fragment's header.
/// </summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop. The limits may be set by any thread.</remarks>
internal sealed class MessageAssembler : IDisposable
{
    private readonly AssemblerOutput _output;
    private readonly PayloadAllocator _allocator;
    private readonly PayloadSink _message;
    private readonly MessageSink _control;
    private readonly IncomingTransform? _transform;
    private readonly LimitedOutput? _transformed; // where extensions write

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
        : this(transform: null, output, pool, maxMessageSize, maxFragments)
    {
    }

    /// <summary>Creates an assembler whose messages pass extensions.</summary>
    internal MessageAssembler(IncomingTransform? transform, AssemblerOutput output, ArrayPool<byte>? pool, long maxMessageSize, int maxFragments)
    {
        _output = output;
        _allocator = new PayloadAllocator(pool ?? ArrayPool<byte>.Shared);
        _message = output == AssemblerOutput.Pieces ? new PieceSink(pool ?? ArrayPool<byte>.Shared) : new MessageSink(_allocator);
        _control = new MessageSink(_allocator);
        _transform = transform;
        if (transform is not null)
            _transformed = new SinkOutput(_message);
        MaxMessageSize = maxMessageSize;
        MaxFragments = maxFragments;
    }

    /// <summary>
    /// The largest message in bytes, all its fragments together, as the extensions leave it: 1 to <see cref="WebSocketLimits.LargestSize"/>, or to any size where messages
    /// come in pieces. It is asked at each fragment's header.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of that range.</exception>
    public long MaxMessageSize
    {
        get => Volatile.Read(ref _maxMessageSize);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            if (_output != AssemblerOutput.Pieces)
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

    /// <summary>Whether texts that are not valid UTF-8 are delivered as they come. By default such a text is a violation.</summary>
    internal bool AllowsInvalidText { get; init; }

    /// <summary>Whether such a text was delivered, or a part of it.</summary>
    internal bool HasInvalidText { get; private set; }

    /// <summary>What the peer did wrong, once it did: no piece may follow.</summary>
    public ProtocolViolation? Violation { get; private set; }

    /// <summary>Whether the payload of the data frame in progress stands in the message as it comes, so that it can be read straight into <see cref="GetPayloadMemory"/>.</summary>
    public bool TakesPayloadInPlace => _transform is not { IsActive: true };

    /// <summary>Takes a piece over; true if it completed <paramref name="frame"/>.</summary>
    public bool TryAccept(in FramePiece piece, [NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        if (piece.Header.IsControl)
            return TryAcceptControl(piece, out frame);

        if (_transform is not null)
        {
            if (!TryTransform(piece, _transform))
                return false;
        }
        else
        {
            if (piece.Starts && !(TryStart(piece) && FitsMessage(piece)))
                return false;
            if (piece.Type == FrameType.Text && !TryValidate(piece.Payload, piece.EndsMessage))
                return false;
        }

        bool isComplete = _output switch
        {
            AssemblerOutput.Frames => piece.Ends,

            // What extensions have made much of is handed on at once: the queue may have no room for more.
            AssemblerOutput.Pieces => piece.EndsMessage || (_transform is { IsActive: true } && _message.Length >= PieceSink.SlabSize),
            _ => piece.EndsMessage,
        };
        bool fin = _output == AssemblerOutput.Frames ? piece.Header.Fin : piece.EndsMessage;
        ReservedBits reserved = _output == AssemblerOutput.Frames ? piece.Header.Reserved & ~OwnedBits : _reserved;
        if (isComplete && piece.Starts && _transform is null && _message.Length == 0 && !piece.Payload.IsEmpty)
        {
            // As most are: all of it at once, so that nothing has to be kept between pieces.
            SharedBuffer shared = _message.TakeWhole(piece.Payload, out int offset);
            frame = Frame.Create(piece.Type, fin, reserved, shared, offset, piece.Payload.Length);
            return true;
        }

        if (_transform is null)
            Append(piece);
        if (!isComplete)
            return false;
        ReadOnlyMemory<byte> payload = _message.Take(out SharedBuffer? owner);
        frame = Frame.Create(piece.Type, fin, reserved, payload, owner);
        return true;
    }

    /// <summary>
    /// Where messages come in pieces: gives out what has come of the message in progress and was not given out yet; false if there is nothing. For the end of a batch, and before a Close
    /// is passed on: until then small fragments gather, so that not each becomes a frame.
    /// </summary>
    public bool TryTakePiece([NotNullWhen(true)] out Frame? piece)
    {
        piece = null;
        if (_output != AssemblerOutput.Pieces || _message.Length == 0)
            return false;
        ReadOnlyMemory<byte> payload = _message.Take(out SharedBuffer? owner);
        piece = Frame.Create(_type, fin: false, _reserved, payload, owner);
        return true;
    }

    /// <summary>
    /// Names the limits of messages that a frame exceeds, too, which the reader has refused as too large. Otherwise a user
    /// who raises the first limit meets the second next.
    /// </summary>
    /// <param name="violation">The reader's.</param>
    /// <param name="header">The frame's header.</param>
    internal ProtocolViolation WithLimits(ProtocolViolation violation, in FrameHeader header)
    {
        if (!violation.NamesLimits || header.IsControl || _output == AssemblerOutput.Frames)
            return violation;
        (int fragments, long size) = header.Opcode == Opcode.Continuation ? (_fragments + 1, _size) : (1, 0);
        int maxFragments = MaxFragments;
        if (fragments > maxFragments)
            violation = violation.And("MaxFragments", maxFragments, fragments, "fragments");
        return WithSize(violation, size, header.PayloadLength);
    }

    /// <summary>Memory of the message in progress, to read its next payload bytes straight into; pieces over that memory are then not copied.</summary>
    /// <param name="most">How many bytes of the frame in progress have not come yet.</param>
    public Memory<byte> GetPayloadMemory(long most) => _message.GetTail(most);

    /// <summary>Lets go of memory that only a connection in traffic needs.</summary>
    public void Trim()
    {
        _allocator.Trim();
        _message.Trim();
    }

    /// <summary>Drops what was not completed and gives the memory back. Frames that were delivered stay valid.</summary>
    public void Dispose()
    {
        _message.Discard();
        _control.Discard();
        _allocator.Trim();
    }

    private bool TryAcceptControl(in FramePiece piece, [NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        if (piece.Starts)
            _control.Expect(piece.Header.PayloadLength, final: true);
        _control.Append(piece.Payload);
        if (!piece.Ends)
            return false;

        ReadOnlyMemory<byte> payload = _control.Take(out SharedBuffer? owner);
        frame = Frame.Create(piece.Type, fin: true, piece.Header.Reserved, payload, owner);
        if (piece.Type != FrameType.Close || ClosePayload.TryParse(payload.Span, out _, out ProtocolViolation? violation))
            return true;

        Violation = violation;
        frame.Recycle();
        frame = null;
        return false;
    }

    // They were meant for the extensions.
    private ReservedBits OwnedBits => _transform?.OwnedBits ?? ReservedBits.None;

    private void Append(in FramePiece piece)
    {
        if (piece.Starts)
            Expect(piece);
        _message.Append(piece.Payload);
    }

    // Memory of about the right size is taken when the frame's bytes come.
    private void Expect(in FramePiece piece) => _message.Expect(piece.Header.PayloadLength, final: _output == AssemblerOutput.Frames || piece.Header.Fin);

    // Judged at the header, before memory is taken: all but the size of a message, which extensions change.
    private bool TryStart(in FramePiece piece)
    {
        if (piece.StartsMessage)
        {
            _type = piece.Type;
            _reserved = piece.Header.Reserved & ~OwnedBits;
            _fragments = 0;
            _size = 0;
            _utf8.Reset();
        }

        if (_output == AssemblerOutput.Frames)
        {
            // Whatever a reader lets through, a frame stands in one array.
            if (piece.Header.PayloadLength > WebSocketLimits.LargestSize)
                Violation = ProtocolViolation.TooBig("MaxFrameSize", WebSocketLimits.LargestSize, piece.Header.PayloadLength);
            return Violation is null;
        }

        // Once: another thread may set it between the judgement and the words.
        int maxFragments = MaxFragments;
        if (++_fragments > maxFragments)
            Violation = WithSize(ProtocolViolation.TooBig("MaxFragments", maxFragments, _fragments, "fragments"), _size, piece.Header.PayloadLength);
        return Violation is null;
    }

    private ProtocolViolation WithSize(ProtocolViolation violation, long size, long more)
    {
        long maxSize = MaxMessageSize;
        return more > maxSize - size ? violation.And("MaxMessageSize", maxSize, Sum(size, more)) : violation;
    }

    private static long Sum(long size, long more) => (long)Math.Min((ulong)size + (ulong)more, long.MaxValue);

    private bool FitsMessage(in FramePiece piece)
    {
        if (_output == AssemblerOutput.Frames)
            return true;
        long length = piece.Header.PayloadLength;
        long maxSize = MaxMessageSize;
        if (length > maxSize - _size)
            Violation = ProtocolViolation.TooBig("MaxMessageSize", maxSize, Sum(_size, length));
        else
            _size += length;
        return Violation is null;
    }

    private bool TryTransform(in FramePiece piece, IncomingTransform transform)
    {
        if (piece.Starts && !TryStart(piece))
            return false;

        int before = _message.Length;
        bool isWell = transform.TryProcess(piece, _transformed!, MaxMessageSize, out ReadOnlySpan<byte> rest, out ProtocolViolation? violation);
        Violation = violation;
        if (isWell && piece.Starts && !transform.IsActive)
        {
            isWell = FitsMessage(piece);
            if (isWell)
                Expect(piece);
        }

        if (isWell)
            _message.Append(rest);
        transform.Clear();
        if (isWell && piece.Type == FrameType.Text)
            isWell = TryValidate(_message.Since(before), piece.EndsMessage);
        if (!isWell)
            _message.Truncate(before); // what came before in the same batch is still handed on; this is not
        return isWell;
    }

    private bool TryValidate(ReadOnlySpan<byte> text, bool ends)
    {
        // §8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST
        // _Fail the WebSocket Connection_." Noticed at the first bad byte, not at the end of the message.
        if (_utf8.Append(text) && (!ends || _utf8.IsComplete))
            return true;
        if (!AllowsInvalidText)
        {
            Violation = ProtocolViolation.InvalidUtf8("a text message");
            return false;
        }

        _utf8.Reset();
        return HasInvalidText = true;
    }
}
