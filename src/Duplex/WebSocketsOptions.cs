using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex;

/// <summary>
/// The plugin's options, for every session that is opened through it. Each is checked when it is set.
/// </summary>
/// <remarks>
/// A <see cref="WebSocketsHandler"/> copies its options when it is constructed. Several handlers may be constructed from the
/// same object, and a later change has no effect on them. Changes are not thread-safe. <see cref="Timeout.InfiniteTimeSpan"/>
/// turns a time off.
/// </remarks>
public sealed class WebSocketsOptions
{
    // The longest time that the platform's timers take.
    private static readonly TimeSpan LongestTime = TimeSpan.FromMilliseconds(int.MaxValue);

    // All set by the caller that configures the options, on one thread.
    private SubprotocolNames _subprotocols = [];
    private TimeSpan _pingInterval = TimeSpan.FromSeconds(20); // shorter than the minute after which proxies and NATs commonly drop a silent connection
    private TimeSpan _pingTimeout = TimeSpan.FromSeconds(20);
    private TimeSpan _handshakeTimeout = TimeSpan.FromSeconds(15);
    private TimeSpan _closeTimeout = TimeSpan.FromSeconds(5);
    private HandshakeStrictness _handshakeStrictness;
    private long _maxFrameSize = WebSocketLimits.DefaultMaxSize;
    private long _maxMessageSize = WebSocketLimits.DefaultMaxSize;
    private int _maxFragments = WebSocketLimits.DefaultMaxFragments;
    private TextValidation _textValidation;
    private WebSocketContentConverter? _contentConverter;
    private WebSocketEngine _engine = WebSocketEngines.Http;
    private TimeProvider _timeProvider = TimeProvider.System;
    private ILoggerFactory _loggerFactory = NullLoggerFactory.Instance;
    private ArrayPool<byte> _bufferPool = ArrayPool<byte>.Shared;
    private MaskKeyPool.RandomFill? _randomFill;
    private HashSet<string> _set = []; // the names of the options that were set

    /// <summary>How long after a ping the next one is sent. Default: 20 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan PingInterval
    {
        get => _pingInterval;
        set => Set(ref _pingInterval, Checked(value));
    }

    /// <summary>
    /// How long the peer may be silent once a ping has reached the transport, before the connection is aborted. Default: 20 s. Time in which this process stood still does not count.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan PingTimeout
    {
        get => _pingTimeout;
        set => Set(ref _pingTimeout, Checked(value));
    }

    /// <summary>How long opening a session may take, redirects of a proxy and retries of other handlers included. Default: 15 s. <see cref="HttpClient.Timeout"/> holds, too.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan HandshakeTimeout
    {
        get => _handshakeTimeout;
        set => Set(ref _handshakeTimeout, Checked(value));
    }

    /// <summary>Whether four listed faults of an answer are overlooked. Default: <see cref="HandshakeStrictness.Strict"/>, none is. It needs <see cref="EngineCapability.Response"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the two.</exception>
    public HandshakeStrictness HandshakeStrictness
    {
        get => _handshakeStrictness;
        set => Set(ref _handshakeStrictness, Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected Strict or Lenient."));
    }

    /// <summary>How long the end of a session may take, from its beginning to the peer's Close, before the connection is aborted. Default: 5 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan CloseTimeout
    {
        get => _closeTimeout;
        set => Set(ref _closeTimeout, Checked(value));
    }

    /// <summary>
    /// The largest payload of a received frame, in bytes; a larger one ends the session with 1009. Default: 64 MiB, or none for a session that receives streams
    /// (<see cref="ReceiveMode.Streams"/>); any other holds at most what one array does, 2 GiB, whatever is set.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public long MaxFrameSize
    {
        get => _maxFrameSize;
        set => Set(ref _maxFrameSize, CheckedSize(value));
    }

    /// <summary>
    /// The largest received message, all its fragments together, in bytes; a larger one ends the session with 1009. Default: 64 MiB, or none for a session that receives streams; any other
    /// holds at most what one array does, 2 GiB, whatever is set.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public long MaxMessageSize
    {
        get => _maxMessageSize;
        set => Set(ref _maxMessageSize, CheckedSize(value));
    }

    /// <summary>The most fragments of a received message; more end the session with 1009. Default: 131,072, or none for a session that receives streams.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public int MaxFragments
    {
        get => _maxFragments;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Set(ref _maxFragments, value);
        }
    }

    /// <summary>
    /// What becomes of a received text message that is not valid UTF-8. Default: <see cref="TextValidation.Strict"/>, which
    /// ends the session with 1007, as RFC 6455 demands. <see cref="TextValidation.Lenient"/> is for peers that send other
    /// bytes as text: it delivers them as they came.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the two.</exception>
    public TextValidation TextValidation
    {
        get => _textValidation;
        set => Set(ref _textValidation, Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected Strict or Lenient."));
    }

    /// <summary>
    /// Subprotocols that every handshake offers, behind its own. Default: none. A name that is not a token, or is in the list already, is refused with an
    /// <see cref="ArgumentException"/> when it is added.
    /// </summary>
    public IList<string> Subprotocols => _subprotocols;

    /// <summary>
    /// What makes messages of values and values of messages (<see cref="DefaultWebSocketSession.SendSerializedAsync{T}(T, CancellationToken)"/> and its like), unless
    /// a session or a call has a converter of its own. All sessions share it. Default: none.
    /// </summary>
    public WebSocketContentConverter? ContentConverter
    {
        get => _contentConverter;
        set => Set(ref _contentConverter, value);
    }

    /// <summary>How much a session's queues hold.</summary>
    public WebSocketChannelsOptions Channels { get; private set; } = new();

    /// <summary>What transforms the messages of sessions. Default: nothing.</summary>
    public WebSocketExtensionsOptions Extensions { get; private set; } = new();

    /// <summary>
    /// How connections come to be. Default: <see cref="WebSocketEngines.Http"/>. An option that an engine cannot honour is off there; one that was set fails when a handler is made with
    /// the options, and what a request asks for in vain fails before connecting, both with a <see cref="NotSupportedException"/> that names engine, capability and setting.
    /// </summary>
    public WebSocketEngine Engine
    {
        get => _engine;
        set => SetNotNull(ref _engine, value);
    }

    /// <summary>The clock of all timeouts and pings. Default: the system's.</summary>
    public TimeProvider TimeProvider
    {
        get => _timeProvider;
        set => SetNotNull(ref _timeProvider, value);
    }

    /// <summary>Where handshakes and ends are logged, in the category <c>Duplex</c>, without queries, user info, header values or payloads. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory
    {
        get => _loggerFactory;
        set => SetNotNull(ref _loggerFactory, value);
    }

    /// <summary>Where buffers and payloads come from; tests count what is left behind.</summary>
    internal ArrayPool<byte> BufferPool
    {
        get => _bufferPool;
        set => SetNotNull(ref _bufferPool, value);
    }

    /// <summary>Where mask keys come from; null for the system's cryptographic generator.</summary>
    internal MaskKeyPool.RandomFill? RandomFill
    {
        get => _randomFill;
        set => Set(ref _randomFill, value);
    }

    /// <summary>A copy, with lists of its own.</summary>
    internal WebSocketsOptions Copy()
    {
        var copy = (WebSocketsOptions)MemberwiseClone();
        copy._subprotocols = [.. _subprotocols];
        copy._set = [.. _set];
        copy.Channels = Channels.Copy();
        copy.Extensions = Extensions.Copy();
        return copy;
    }

    /// <summary>Refuses options that the engine cannot honour.</summary>
    /// <exception cref="NotSupportedException">One was set.</exception>
    internal void ThrowIfUnsupported()
    {
        Require(EngineCapability.ControlFrames, nameof(PingInterval), PingInterval != Timeout.InfiniteTimeSpan);
        Require(EngineCapability.ControlFrames, nameof(PingTimeout), PingTimeout != Timeout.InfiniteTimeSpan);
        Require(EngineCapability.FrameLimits, nameof(MaxFrameSize));
        Require(EngineCapability.FrameLimits, nameof(MaxFragments));
        Require(EngineCapability.LenientText, nameof(TextValidation), TextValidation == TextValidation.Lenient);
        Require(EngineCapability.Response, nameof(HandshakeStrictness), HandshakeStrictness != HandshakeStrictness.Strict);
    }

    /// <summary>What a session is made with. What the engine cannot honour, and nobody set, is off.</summary>
    /// <param name="extensions">The session's active extensions.</param>
    internal SessionSettings ToSessionSettings(ExtensionChain? extensions = null)
    {
        bool hasLimits = Engine.Supports(EngineCapability.FrameLimits);
        bool hasPings = Engine.Supports(EngineCapability.ControlFrames);
        return new SessionSettings
        {
            Connection = new ConnectionSettings
            {
                Engine = Engine.Profile,
                MaxFrameSize = hasLimits ? MaxFrameSize : WebSocketLimits.LargestSize,
                MaxMessageSize = MaxMessageSize,
                MaxFragments = hasLimits ? MaxFragments : int.MaxValue,
                TextValidation = TextValidation,
                Outgoing = Channels.Outgoing,
                Extensions = extensions,
                Time = TimeProvider,
                Pool = BufferPool,
                RandomFill = RandomFill,
            },
            Incoming = Channels.Incoming,
            PingInterval = hasPings ? PingInterval : Timeout.InfiniteTimeSpan,
            PingTimeout = hasPings ? PingTimeout : Timeout.InfiniteTimeSpan,
            CloseTimeout = CloseTimeout,
            Converter = ContentConverter,
            Logger = LoggerFactory.CreateLogger("Duplex"),
        };
    }

    /// <summary>What a default session is made with. Where nothing is assembled, only limits hold that somebody set.</summary>
    internal SessionSettings ToSessionSettings(ReceiveMode receiveMode, ExtensionChain? extensions = null)
    {
        SessionSettings settings = ToSessionSettings(extensions);
        if (receiveMode == ReceiveMode.Messages)
            return settings;
        return settings with
        {
            ReceiveMode = receiveMode,
            Connection = settings.Connection with
            {
                MaxFrameSize = _set.Contains(nameof(MaxFrameSize)) ? MaxFrameSize : long.MaxValue,
                MaxMessageSize = _set.Contains(nameof(MaxMessageSize)) ? MaxMessageSize : long.MaxValue,
                MaxFragments = _set.Contains(nameof(MaxFragments)) ? MaxFragments : int.MaxValue,
            },
        };
    }

    private static TimeSpan Checked(TimeSpan value, [CallerMemberName] string name = "") =>
        value == Timeout.InfiniteTimeSpan || (value > TimeSpan.Zero && value <= LongestTime)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} is positive and at most {LongestTime.TotalDays:0.0} days, or Timeout.InfiniteTimeSpan to turn it off.");

    private static long CheckedSize(long value, [CallerMemberName] string name = "") =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} is at least 1 byte.");

    private void Require(EngineCapability capability, string name, bool matters = true)
    {
        if (matters && _set.Contains(name))
            Engine.Profile.Require(capability, $"{nameof(WebSocketsOptions)}.{name}");
    }

    private void SetNotNull<T>(ref T field, T value, [CallerMemberName] string name = "")
    {
        ArgumentNullException.ThrowIfNull(value, name);
        Set(ref field, value, name);
    }

    private void Set<T>(ref T field, T value, [CallerMemberName] string name = "")
    {
        field = value;
        _set.Add(name);
    }
}
