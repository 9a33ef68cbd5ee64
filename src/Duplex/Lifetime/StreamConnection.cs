namespace Duplex;

/// <summary>
/// A WebSocket connection over a duplex stream: its receiving and its sending half, and the one way to end both.
/// </summary>
internal sealed class StreamConnection
{
    private readonly IDisposable _owner;
    private readonly FrameReader _reader;
    private readonly long _largestSize; // of a frame or message: what one array holds, where it stands in one
    private readonly ExtensionChain? _extensions;

    // 0, then 1: set by the first that releases.
    private int _isReleased;

    /// <summary>Joins the halves over a stream.</summary>
    /// <param name="stream">The stream. Only this connection reads or writes it from now on.</param>
    /// <param name="owner">
    /// Ends reads and writes in progress when it is disposed: the response of an upgrade, or the stream itself. No read
    /// or write gets a token, because cancelling one destroys an upgraded stream.
    /// </param>
    /// <param name="output">What is made of received data frames.</param>
    /// <param name="incoming">Where they go.</param>
    /// <param name="closeState">What a send throws once the end has begun.</param>
    /// <param name="session">What both halves report to.</param>
    /// <param name="log">The session's log.</param>
    /// <param name="settings">The settings.</param>
    public StreamConnection(
        Stream stream, IDisposable owner, AssemblerOutput output, FrameQueue incoming, CloseState closeState,
        ISessionEvents session, SessionLog log, ConnectionSettings settings)
    {
        _owner = owner;
        Role = settings.Role;
        Engine = settings.Engine;
        _largestSize = output == AssemblerOutput.Pieces ? long.MaxValue : WebSocketLimits.LargestSize;
        _extensions = settings.Extensions;
        _reader = new FrameReader(
            settings.Role, Math.Min(settings.MaxFrameSize, _largestSize),
            _extensions?.OwnedBits ?? ReservedBits.None, _extensions?.ContinuationBits ?? ReservedBits.None)
        {
            MaxPiece = output == AssemblerOutput.Pieces && _extensions is not null
                ? IncomingTransform.MaxPiece
                : int.MaxValue,
        };
        IncomingTransform? transform = _extensions is null ? null : new IncomingTransform(_extensions, settings.Pool);
        var assembler = new MessageAssembler(
            transform, output, settings.Pool, Math.Min(settings.MaxMessageSize, _largestSize), settings.MaxFragments)
        {
            AllowsInvalidText = settings.TextValidation == TextValidation.Lenient,
        };
        Receiving = new ReceiveLoop(
            stream, _reader, assembler, incoming, isRaw: output == AssemblerOutput.Frames, session, log, settings);
        MaskKeyPool? keys = settings.RandomFill is { } fill ? new MaskKeyPool(fill) : null;
        var writer = new FrameWriter(settings.Engine.Masks ? settings.Role : WebSocketRole.Server, keys, settings.Pool);
        Pump = new SendPump(stream, new SendBuffer(writer, settings.Outgoing), settings.Time, session);
        Sender = new FrameSender(Pump, closeState, settings, session);
    }

    /// <summary>The active extensions.</summary>
    public IReadOnlyList<WebSocketExtension> Extensions => _extensions?.Extensions ?? [];

    /// <summary>Which end we are.</summary>
    public WebSocketRole Role { get; }

    /// <summary>What made the connection, and what it can do.</summary>
    public EngineProfile Engine { get; }

    /// <summary>The receiving half.</summary>
    public ReceiveLoop Receiving { get; }

    /// <summary>The sending half, for control frames of ours.</summary>
    public SendPump Pump { get; }

    /// <summary>The sending half, for what the user sends.</summary>
    public FrameSender Sender { get; }

    /// <summary>The largest payload of a received frame, in bytes, lowered to what one array holds.</summary>
    public long MaxFrameSize
    {
        get => _reader.MaxFrameSize;
        set => _reader.MaxFrameSize = Math.Min(value, _largestSize);
    }

    /// <summary>Nothing is sent any more: what is staged is dropped, and callers that wait to send fail.</summary>
    public void Stop()
    {
        Pump.Stop();
        Sender.Shut();
    }

    /// <summary>Ends reads and writes in progress, and releases the transport. Idempotent.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) != 0)
            return;
        Stop();
        try
        {
            _owner.Dispose();
        }
        catch (Exception) // whatever a stream throws when it is disposed, the session still has to end
        {
        }

        _extensions?.Release(); // the receive loop, or a sender, may still be in one
    }
}
