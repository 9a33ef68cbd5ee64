namespace Duplex;

/// <summary>A WebSocket connection over a duplex stream: its two halves, and the one way to end both.</summary>
internal sealed class StreamConnection
{
    private readonly IDisposable _owner;
    private readonly FrameReader _reader;
    private readonly long _largestSize; // of a frame or message: what one array holds, where it stands in one
    private readonly ExtensionPipeline? _extensions;

    // 0, then 1: set by whoever releases first.
    private int _isReleased;

    /// <summary>Joins the halves over a stream.</summary>
    /// <param name="stream">The stream. Nobody else reads or writes it from now on.</param>
    /// <param name="owner">
    /// What ends reads and writes in progress when it is disposed: the response of an upgrade, or the stream itself. No read or write gets a token, because cancelling one
    /// destroys an upgraded stream.
    /// </param>
    /// <param name="output">What is made of the data frames that come.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="closeState">What a send throws once the end has begun.</param>
    /// <param name="onOverflow">Called when a sender finds no room in an outgoing queue that is set to close then.</param>
    /// <param name="onFault">Called when an extension fails on what is sent, with what our Close says.</param>
    /// <param name="onInvalidText">Called once, on the loop's thread, at the first text that is not valid UTF-8, where such texts are received.</param>
    public StreamConnection(
        Stream stream, IDisposable owner, AssemblerOutput output, ConnectionSettings settings, CloseState closeState, Action<ChannelOverflowException> onOverflow,
        Action<CloseCode, WebSocketException> onFault, Action onInvalidText)
    {
        _owner = owner;
        Role = settings.Role;
        Engine = settings.Engine;
        _largestSize = output == AssemblerOutput.Pieces ? long.MaxValue : WebSocketLimits.LargestSize;
        _extensions = settings.Extensions;
        _reader = new FrameReader(
            settings.Role, Math.Min(settings.MaxFrameSize, _largestSize), _extensions?.Chain.OwnedBits ?? ReservedBits.None, _extensions?.Chain.ContinuationBits ?? ReservedBits.None)
        {
            MaxPiece = output == AssemblerOutput.Pieces && _extensions is not null ? IncomingTransform.MaxPiece : int.MaxValue,
        };
        var assembler = new MessageAssembler(_extensions?.Incoming, output, settings.Pool, Math.Min(settings.MaxMessageSize, _largestSize), settings.MaxFragments)
        {
            OnInvalidText = settings.TextValidation == TextValidation.Lenient ? onInvalidText : null,
        };
        Receiving = new ReceiveLoop(stream, _reader, assembler, settings.Pool, settings.Time, _extensions?.Chain);
        MaskKeyPool? keys = settings.RandomFill is { } fill ? new MaskKeyPool(fill) : null;
        var writer = new FrameWriter(settings.Engine.Masks ? settings.Role : WebSocketRole.Server, keys, settings.Pool);
        Pump = new SendPump(stream, new SendStage(writer, settings.Outgoing), settings.Time, Receiving);
        Sender = new FrameSender(Pump, closeState, _extensions, settings.Outgoing.Overflow == ChannelOverflow.Close ? onOverflow : null, onFault);
    }

    /// <summary>The active extensions.</summary>
    public IReadOnlyList<WebSocketExtension> Extensions => _extensions?.Chain.Extensions ?? [];

    /// <summary>Which end we are.</summary>
    public WebSocketRole Role { get; }

    /// <summary>What made the connection, and what it can do.</summary>
    public EngineProfile Engine { get; }

    /// <summary>The receiving half.</summary>
    public ReceiveLoop Receiving { get; }

    /// <summary>The sending half, for control frames.</summary>
    public SendPump Pump { get; }

    /// <summary>The sending half, for data.</summary>
    public FrameSender Sender { get; }

    /// <summary>The largest payload of a received frame, in bytes; settable at any time.</summary>
    public long MaxFrameSize
    {
        get => _reader.MaxFrameSize;
        set
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, _largestSize);
            _reader.MaxFrameSize = value;
        }
    }

    /// <summary>Nothing is sent any more: what is staged is dropped, and whoever waits to send fails.</summary>
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
        catch (Exception) // whatever a stream throws when it goes, it is gone, and the session still has to end
        {
        }

        _extensions?.Chain.Release(); // the receive loop, or a sender, may still be in one
    }
}
