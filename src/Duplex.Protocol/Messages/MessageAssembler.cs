using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace Duplex.Protocol;

/// <summary>
/// Creates messages from pieces (<see cref="AssemblerOutput"/>), first as views. It validates text as it arrives,
/// parses Close payloads, and checks a message's limits at each fragment's header.
/// </summary>
/// <remarks>Only the thread that parses uses it; any thread may set the limits.</remarks>
internal sealed class MessageAssembler : IDisposable
{
    private readonly AssemblerOutput _output;
    private readonly PayloadAllocator _allocator;
    private readonly PayloadSink _message;
    private readonly IncomingTransform? _transform;
    private readonly LimitedOutput? _transformed;

    // Set by any thread, read by the receive loop.
    private long _maxMessageSize;
    private int _maxFragments;

    // Accessed only by the thread that parses.
    private MessageSink? _control; // of control frames, from the first one
    private Utf8Validator _utf8;
    private FrameType _type;
    private ReservedBits _reserved; // of the message's first frame
    private int _fragments;
    private long _size; // declared so far
    private MessageSink? _shown; // has the last view's payload

    public MessageAssembler(
        AssemblerOutput output = AssemblerOutput.Messages,
        ArrayPool<byte>? pool = null,
        long maxMessageSize = WebSocketLimits.DefaultMaxSize,
        int maxFragments = WebSocketLimits.DefaultMaxFragments)
        : this(transform: null, output, pool, maxMessageSize, maxFragments)
    {
    }

    internal MessageAssembler(
        IncomingTransform? transform,
        AssemblerOutput output,
        ArrayPool<byte>? pool,
        long maxMessageSize,
        int maxFragments)
    {
        _output = output;
        _allocator = new PayloadAllocator(pool ?? ArrayPool<byte>.Shared);
        _message = output == AssemblerOutput.Pieces
            ? new PieceSink(pool ?? ArrayPool<byte>.Shared)
            : new MessageSink(_allocator);
        _transform = transform;
        if (transform is not null)
            _transformed = new SinkOutput(_message);
        MaxMessageSize = maxMessageSize;
        MaxFragments = maxFragments;
    }

    /// <summary>In bytes, over all fragments and after extensions. Applies from the next fragment's header.</summary>
    public long MaxMessageSize
    {
        get => Volatile.Read(ref _maxMessageSize);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            if (_output != AssemblerOutput.Pieces)
            {
                // A whole message must fit in one array.
                ArgumentOutOfRangeException.ThrowIfGreaterThan(value, WebSocketLimits.LargestSize);
            }

            Volatile.Write(ref _maxMessageSize, value);
        }
    }

    /// <summary>Applies from the next fragment's header.</summary>
    public int MaxFragments
    {
        get => Volatile.Read(ref _maxFragments);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Volatile.Write(ref _maxFragments, value);
        }
    }

    /// <summary>Delivers text that is not valid UTF-8 unchanged, instead of a violation.</summary>
    internal bool AllowsInvalidText { get; init; }

    internal bool HasInvalidText { get; private set; }

    public ProtocolViolation? Violation { get; private set; }

    /// <summary>False if an extension changes the payload.</summary>
    public bool TakesPayloadInPlace => _transform is not { IsActive: true };

    /// <summary>Whether the last view is of <see cref="View"/>.</summary>
    public bool HasView => _shown is not null;

    /// <summary>The payload of the last view, if it was put together here.</summary>
    public ReadOnlySpan<byte> View => _shown!.Since(0);

    /// <summary>
    /// True if the piece completes a message, or a part that is to be delivered. The view is valid until the next call.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // within its callers, the JIT would leave what it calls uninlined
    public bool TryAccept(scoped in FramePiece piece, out MessageView message)
    {
        if (_shown is not null)
            EndView();
        if (IsValidMessage(piece))
        {
            // The usual case needs no state between pieces.
            message = new MessageView(piece.Type, piece.Payload, fin: true, piece.Header.Reserved);
            return true;
        }

        if (piece.Header.IsControl)
            return TryAcceptControl(piece, out message);

        message = default;
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

            // Deliver a large expanded part at once: the queue may have no room for more.
            AssemblerOutput.Pieces => piece.EndsMessage
                || (_transform is { IsActive: true } && _message.Length >= PieceSink.SlabSize),
            _ => piece.EndsMessage,
        };
        bool fin = _output == AssemblerOutput.Frames ? piece.Header.Fin : piece.EndsMessage;
        ReservedBits reserved = _output == AssemblerOutput.Frames ? piece.Header.Reserved & ~OwnedBits : _reserved;
        if (_transform is null)
            Append(piece);
        if (!isComplete)
            return false;
        message = new MessageView(piece.Type, _message.Since(0), fin, reserved, isAssembled: true);
        _shown = _message as MessageSink; // of pieces each view becomes a frame
        return true;
    }

    /// <summary>Makes a frame of the last view, with memory of its own.</summary>
    public Frame ToFrame(in MessageView message)
    {
        PayloadSink sink = message.IsControl ? _control ??= new MessageSink(_allocator) : _message;
        if (message.IsAssembled)
        {
            _shown = null;
            ReadOnlyMemory<byte> payload = sink.Take(out SharedBuffer? owner);
            return Frame.Create(message.Type, message.Fin, message.Reserved, payload, owner);
        }

        if (message.Data.IsEmpty)
            return Frame.Create(message.Type, message.Fin, message.Reserved, ReadOnlyMemory<byte>.Empty, owner: null);
        SharedBuffer shared = sink.TakeWhole(message.Data, out int offset);
        return message.IsControl
            ? Frame.Create(
                message.Type, message.Fin, message.Reserved, shared.Array.AsMemory(offset, message.Data.Length), shared)
            : Frame.Create(message.Type, message.Fin, message.Reserved, shared, offset, message.Data.Length);
    }

    /// <summary>The last view is not used any more: its memory takes the next message.</summary>
    public void EndView()
    {
        _shown?.Rewind();
        _shown = null;
    }

    /// <summary>The last view may be in use for as long as it is referenced: the collector gets its memory.</summary>
    public void AbandonView()
    {
        _shown?.Abandon();
        _shown = null;
    }

    /// <summary>Called at the end of a batch and before a Close, so small fragments are coalesced until then.</summary>
    public bool TryTakePiece([NotNullWhen(true)] out Frame? piece)
    {
        piece = null;
        if (_output != AssemblerOutput.Pieces || _message.Length == 0)
            return false;
        ReadOnlyMemory<byte> payload = _message.Take(out SharedBuffer? owner);
        piece = Frame.Create(_type, fin: false, _reserved, payload, owner);
        return true;
    }

    /// <summary>So that a user can raise all exceeded limits at once.</summary>
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

    /// <summary>Pieces in this memory are not copied.</summary>
    public Memory<byte> GetPayloadMemory(long most) => _message.GetTail(most);

    public void Trim()
    {
        _allocator.Trim();
        _message.Trim();
        _control?.Trim();
    }

    /// <summary>Lets go of a large message's memory that would serve the next.</summary>
    public void TrimLarge()
    {
        if (_message.FreeCapacity > MessageSink.FirstReservation)
            _message.Trim();
    }

    public void Dispose()
    {
        _message.Discard();
        _control?.Discard();
        _allocator.Trim();
    }

    private bool TryAcceptControl(scoped in FramePiece piece, out MessageView message)
    {
        message = default;
        bool isWhole = piece.Starts && piece.Ends;
        if (!isWhole)
        {
            MessageSink control = _control ??= new MessageSink(_allocator);
            if (piece.Starts)
                control.Expect(piece.Header.PayloadLength, final: true);
            control.Append(piece.Payload);
            if (!piece.Ends)
                return false;
            _shown = control;
        }

        ReadOnlySpan<byte> payload = isWhole ? piece.Payload : _control!.Since(0);
        if (piece.Type == FrameType.Close && !ClosePayload.TryParse(payload, out _, out ProtocolViolation? violation))
        {
            Violation = violation;
            return false;
        }

        message = new MessageView(piece.Type, payload, fin: true, piece.Header.Reserved, isAssembled: !isWhole);
        return true;
    }

    // A whole one that no extension changes. What is wrong with another one is found later.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsValidMessage(scoped in FramePiece piece) =>
        piece.IsMessage && _transform is null && piece.Payload.Length <= MaxMessageSize
            && (piece.Type != FrameType.Text || Utf8.IsValid(piece.Payload));

    private ReservedBits OwnedBits => _transform?.OwnedBits ?? ReservedBits.None;

    private void Append(in FramePiece piece)
    {
        if (piece.Starts)
            Expect(piece);
        _message.Append(piece.Payload);
    }

    private void Expect(in FramePiece piece) => _message.Expect(
        piece.Header.PayloadLength, final: _output == AssemblerOutput.Frames || piece.Header.Fin);

    // Checks at the header, before memory is allocated; not the message's size, which extensions change.
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
            // A frame must fit in one array, whatever the reader's limit.
            long length = piece.Header.PayloadLength;
            if (length > WebSocketLimits.LargestSize)
                Violation = ProtocolViolation.TooBig("MaxFrameSize", WebSocketLimits.LargestSize, length);
            return Violation is null;
        }

        // Read once: another thread may change it.
        int maxFragments = MaxFragments;
        if (++_fragments > maxFragments)
        {
            Violation = WithSize(
                ProtocolViolation.TooBig("MaxFragments", maxFragments, _fragments, "fragments"),
                _size,
                piece.Header.PayloadLength);
        }

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
        bool isWell = transform.TryProcess(
            piece, _transformed!, MaxMessageSize, out ReadOnlySpan<byte> rest, out ProtocolViolation? violation);
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
            _message.Truncate(before); // earlier data of the batch is still delivered
        return isWell;
    }

    private bool TryValidate(ReadOnlySpan<byte> text, bool ends)
    {
        // §8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in
        // fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_." We do at the first invalid
        // byte.
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
