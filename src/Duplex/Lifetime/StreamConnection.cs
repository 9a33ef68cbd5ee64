namespace Duplex;

/// <summary>A WebSocket connection over a duplex stream: both halves, and the one way to end them.</summary>
internal sealed class StreamConnection
{
    private readonly IDisposable _owner;
    private readonly FrameReader _reader;
    private readonly long _largestSize; // what one array holds, unless pieces are passed on
    private readonly ExtensionChain? _extensions;

    // 0, then 1: set by the first that releases.
    private int _isReleased;

    /// <summary>
    /// Disposing <paramref name="owner"/> ends reads and writes in progress. They get no token: cancelling one destroys
    /// an upgraded stream.
    /// </summary>
    public StreamConnection(
        Stream stream, IDisposable owner, AssemblerOutput output, bool isDirect, FrameQueue incoming,
        CloseState closeState, ISessionEvents session, SessionTelemetry telemetry, ConnectionSettings settings)
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
        var input = new InputBuffer(stream, _reader, assembler, settings);
        Receiving = new ReceiveLoop(
            input, _reader, assembler, incoming, isRaw: output == AssemblerOutput.Frames, session, telemetry,
            settings);
        if (isDirect)
            Messages = new MessageReader(input, Receiving, assembler, incoming, session);
        MaskKeyPool? keys = settings.RandomFill is { } fill ? new MaskKeyPool(fill) : null;
        var writer = new FrameWriter(settings.Engine.Masks ? settings.Role : WebSocketRole.Server, keys, settings.Pool);
        Pump = new SendPump(stream, new SendBuffer(writer, settings.Outgoing), settings.Time, session, telemetry);
        Sender = new FrameSender(Pump, closeState, settings, session, telemetry);
    }

    public IReadOnlyList<WebSocketExtension> Extensions => _extensions?.Extensions ?? [];

    public WebSocketRole Role { get; }

    public EngineProfile Engine { get; }

    public ReceiveLoop Receiving { get; }

    /// <summary>Null unless the consumer is the reader.</summary>
    public MessageReader? Messages { get; }

    /// <summary>For control frames of ours.</summary>
    public SendPump Pump { get; }

    /// <summary>For what the user sends.</summary>
    public FrameSender Sender { get; }

    /// <summary>The largest payload of a received frame, in bytes, lowered to what one array holds.</summary>
    public long MaxFrameSize
    {
        get => _reader.MaxFrameSize;
        set => _reader.MaxFrameSize = Math.Min(value, _largestSize);
    }

    public void Stop()
    {
        Pump.Stop();
        Sender.Shut();
    }

    /// <summary>Ends reads and writes in progress. Idempotent.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) != 0)
            return;
        Stop();
        try
        {
            _owner.Dispose();
        }
        catch (Exception) // whatever a stream throws, the session still has to end
        {
        }

        _extensions?.Release(); // the receive loop, or a sender, may still be in one
    }
}
