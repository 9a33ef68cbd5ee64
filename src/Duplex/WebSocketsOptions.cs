using System.Buffers;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex;

/// <summary>The plugin's options, for every session opened through it, each checked when set.</summary>
/// <remarks>
/// A <see cref="WebSocketsHandler"/> copies its options when constructed; several can use the same object. Changes are
/// not thread-safe. <see cref="Timeout.InfiniteTimeSpan"/> turns a timeout or an interval off.
/// </remarks>
public sealed class WebSocketsOptions
{
    // Set by the configuring code, on one thread.
    private SubprotocolNames _subprotocols = [];
    private TimeSpan _pingInterval = TimeSpan.FromSeconds(20); // below the 60 s idle limit of many proxies and NATs
    private TimeSpan _pingTimeout = TimeSpan.FromSeconds(20);
    private Heartbeat? _heartbeat;
    private TimeSpan _handshakeTimeout = TimeSpan.FromSeconds(15);
    private TimeSpan _closeTimeout = TimeSpan.FromSeconds(5);
    private HandshakeStrictness _handshakeStrictness;
    private long _maxFrameSize = WebSocketLimits.DefaultMaxSize;
    private long _maxMessageSize = WebSocketLimits.DefaultMaxSize;
    private int _maxFragments = WebSocketLimits.DefaultMaxFragments;
    private TextValidation _textValidation;
    private WebSocketContentConverter? _contentConverter;
    private WebSocketEngine _engine = WebSocketEngines.Default;
    private TimeProvider _timeProvider = TimeProvider.System;
    private IMeterFactory? _meterFactory;
    private bool _traceSessions;
    private ILoggerFactory _loggerFactory = NullLoggerFactory.Instance;
    private ArrayPool<byte> _bufferPool = ArrayPool<byte>.Shared;
    private MaskKeyPool.RandomFill? _randomFill;
    private HashSet<string> _set = []; // names of the options that were set

    /// <summary>The time from one ping to the next. Default: 20 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan PingInterval
    {
        get => _pingInterval;
        [UnsupportedOSPlatform("browser")]
        set => Set(ref _pingInterval, TimerRange.Checked(value));
    }

    /// <summary>
    /// How long the peer may be silent after a ping reached the transport, before the connection is aborted. Default:
    /// 20 s. Suspension of this process does not count.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan PingTimeout
    {
        get => _pingTimeout;
        [UnsupportedOSPlatform("browser")]
        set => Set(ref _pingTimeout, TimerRange.Checked(value));
    }

    /// <summary>
    /// Messages of the application in place of pings. Default: null, for pings if the engine has them. If set,
    /// <see cref="PingInterval"/> and <see cref="PingTimeout"/> have no effect; pings are still answered. It works with
    /// every engine; raw sessions have none.
    /// </summary>
    public Heartbeat? Heartbeat
    {
        get => _heartbeat;
        set => Set(ref _heartbeat, value);
    }

    /// <summary>
    /// How long a handshake may take from when it first reaches the plugin, with the retries of handlers above it.
    /// Default: 15 s. <see cref="HttpClient.Timeout"/> covers the whole call.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan HandshakeTimeout
    {
        get => _handshakeTimeout;
        set => Set(ref _handshakeTimeout, TimerRange.Checked(value));
    }

    /// <summary>
    /// Whether four known faults of a handshake response are tolerated. Default:
    /// <see cref="HandshakeStrictness.Strict"/>, none. Needs <see cref="EngineCapability.Response"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is undefined.</exception>
    public HandshakeStrictness HandshakeStrictness
    {
        get => _handshakeStrictness;
        [UnsupportedOSPlatform("browser")]
        set => Set(
            ref _handshakeStrictness,
            Enum.IsDefined(value)
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected Strict or Lenient."));
    }

    /// <summary>How long the peer's Close may take before the connection is aborted. Default: 5 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan CloseTimeout
    {
        get => _closeTimeout;
        set => Set(ref _closeTimeout, TimerRange.Checked(value));
    }

    /// <summary>
    /// The largest payload of a received frame, in bytes; a larger one ends the session with 1009. Default: 64 MiB, or
    /// no limit with <see cref="ReceiveMode.Streams"/>. Without streams, the limit is one array, 2 GiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public long MaxFrameSize
    {
        get => _maxFrameSize;
        [UnsupportedOSPlatform("browser")]
        set => Set(ref _maxFrameSize, CheckedSize(value));
    }

    /// <summary>
    /// The largest received message with all its fragments, in bytes; a larger one ends the session with 1009. Default:
    /// 64 MiB, or no limit with streams. Without streams, the limit is one array, 2 GiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public long MaxMessageSize
    {
        get => _maxMessageSize;
        set => Set(ref _maxMessageSize, CheckedSize(value));
    }

    /// <summary>
    /// The most fragments of a received message; more end the session with 1009. Default: 131,072, or no limit with
    /// streams.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int MaxFragments
    {
        get => _maxFragments;
        [UnsupportedOSPlatform("browser")]
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Set(ref _maxFragments, value);
        }
    }

    /// <summary>
    /// How received text that is not valid UTF-8 is handled. The default, <see cref="TextValidation.Strict"/>, ends the
    /// session with 1007, as RFC 6455 demands; <see cref="TextValidation.Lenient"/> delivers it unchanged.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is undefined.</exception>
    public TextValidation TextValidation
    {
        get => _textValidation;
        [UnsupportedOSPlatform("browser")]
        set => Set(
            ref _textValidation,
            Enum.IsDefined(value)
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected Strict or Lenient."));
    }

    /// <summary>
    /// The subprotocols that every handshake offers, after its request's own. Default: none. Adding a duplicate or a
    /// name that is not a token throws <see cref="ArgumentException"/>.
    /// </summary>
    public IList<string> Subprotocols => _subprotocols;

    /// <summary>
    /// The converter of values, unless the session or the call has its own. All sessions share it. Default: none.
    /// </summary>
    public WebSocketContentConverter? ContentConverter
    {
        get => _contentConverter;
        set => Set(ref _contentConverter, value);
    }

    /// <summary>The bounds of a session's queues.</summary>
    public WebSocketChannelsOptions Channels { get; private set; } = new();

    /// <summary>The extensions and interceptors of sessions. Default: none.</summary>
    public WebSocketExtensionsOptions Extensions { get; private set; } = new();

    /// <summary>
    /// The engine that opens connections. Default: <see cref="WebSocketEngines.Http"/>, and in a browser
    /// <see cref="WebSocketEngines.Browser"/>. Options that it cannot honour are off. If one was set, constructing a
    /// handler throws <see cref="NotSupportedException"/>; a request that needs a missing capability throws it before
    /// connecting.
    /// </summary>
    public WebSocketEngine Engine
    {
        get => _engine;
        set => SetNotNull(ref _engine, value);
    }

    /// <summary>The clock of all timeouts and pings. Default: the system clock.</summary>
    public TimeProvider TimeProvider
    {
        get => _timeProvider;
        set => SetNotNull(ref _timeProvider, value);
    }

    /// <summary>
    /// Logs handshakes and the ends of sessions, in the category <c>Duplex</c>; never queries, user info, header values
    /// or payloads. Default: no logging.
    /// </summary>
    public ILoggerFactory LoggerFactory
    {
        get => _loggerFactory;
        set => SetNotNull(ref _loggerFactory, value);
    }

    /// <summary>
    /// Creates the meter <c>Duplex</c>, for example the one of a container. Default: null, a meter of the process. It
    /// costs nothing without a listener.
    /// </summary>
    public IMeterFactory? MeterFactory
    {
        get => _meterFactory;
        set => Set(ref _meterFactory, value);
    }

    /// <summary>
    /// Whether each session has a span of its own, beside its handshake's, in the activity source <c>Duplex</c>. The
    /// span ends with the session and lasts as long. Default: false.
    /// </summary>
    public bool TraceSessions
    {
        get => _traceSessions;
        set => Set(ref _traceSessions, value);
    }

    /// <summary>Tests count leaks with it.</summary>
    internal ArrayPool<byte> BufferPool
    {
        get => _bufferPool;
        set => SetNotNull(ref _bufferPool, value);
    }

    /// <summary>Null: the system's cryptographic generator.</summary>
    internal MaskKeyPool.RandomFill? RandomFill
    {
        get => _randomFill;
        set => Set(ref _randomFill, value);
    }

    internal WebSocketsOptions Copy()
    {
        var copy = (WebSocketsOptions)MemberwiseClone();
        copy._subprotocols = [.. _subprotocols];
        copy._set = [.. _set];
        copy.Channels = Channels.Copy();
        copy.Extensions = Extensions.Copy();
        return copy;
    }

    /// <summary>The same options, unless <paramref name="heartbeat"/> takes the place of theirs.</summary>
    internal WebSocketsOptions WithHeartbeat(Heartbeat? heartbeat)
    {
        if (heartbeat is null)
            return this;
        WebSocketsOptions copy = Copy();
        copy.Heartbeat = heartbeat;
        return copy;
    }

    internal void ThrowIfUnsupported()
    {
        Require(EngineCapability.ControlFrames, nameof(PingInterval), PingInterval != Timeout.InfiniteTimeSpan);
        Require(EngineCapability.ControlFrames, nameof(PingTimeout), PingTimeout != Timeout.InfiniteTimeSpan);
        Require(EngineCapability.FrameLimits, nameof(MaxFrameSize));
        Require(EngineCapability.FrameLimits, nameof(MaxFragments));
        Require(EngineCapability.LenientText, nameof(TextValidation), TextValidation == TextValidation.Lenient);
        Require(
            EngineCapability.Response, nameof(HandshakeStrictness), HandshakeStrictness != HandshakeStrictness.Strict);
    }

    /// <summary>Replies are messages, which a session that receives streams does not hold in memory.</summary>
    internal void ThrowIfHeartbeat(ReceiveMode receiveMode)
    {
        if (receiveMode == ReceiveMode.Streams && Heartbeat is { HasReplies: true })
        {
            throw new InvalidOperationException(
                "The heartbeat expects replies, and a session that receives streams cannot recognize them. Use " +
                "pings, a heartbeat without replies, or ReceiveMode.Messages.");
        }
    }

    /// <param name="extensions">Of the session.</param>
    /// <param name="target">For telemetry.</param>
    /// <param name="profile">Null for the engine's.</param>
    internal SessionSettings ToSessionSettings(
        ExtensionChain? extensions = null, Uri? target = null, EngineProfile? profile = null)
    {
        profile ??= Engine.Profile;
        bool hasLimits = profile.Supports(EngineCapability.FrameLimits);
        bool hasPings = profile.Supports(EngineCapability.ControlFrames);
        return new SessionSettings
        {
            Connection = new ConnectionSettings
            {
                Engine = profile,
                MaxFrameSize = hasLimits ? MaxFrameSize : WebSocketLimits.LargestSize,
                MaxMessageSize = MaxMessageSize,
                MaxFragments = hasLimits ? MaxFragments : int.MaxValue,
                TextValidation = TextValidation,
                Outgoing = Channels.Outgoing,
                HasReplies = Heartbeat?.HasReplies == true,
                Extensions = extensions,
                Time = TimeProvider,
                Pool = BufferPool,
                RandomFill = RandomFill,
            },
            Incoming = Channels.Incoming,
            PingInterval = hasPings ? PingInterval : Timeout.InfiniteTimeSpan,
            PingTimeout = hasPings ? PingTimeout : Timeout.InfiniteTimeSpan,
            Heartbeat = Heartbeat,
            CloseTimeout = CloseTimeout,
            Converter = ContentConverter,
            Telemetry = new TelemetrySources
            {
                Logger = LoggerFactory.CreateLogger("Duplex"),
                Instruments = Instruments.Of(MeterFactory),
                TracesSessions = TraceSessions,
                Target = target,
            },
        };
    }

    /// <summary>With streams, only limits that were set apply.</summary>
    internal SessionSettings ToSessionSettings(
        ReceiveMode receiveMode, ExtensionChain? extensions = null, Uri? target = null, EngineProfile? profile = null)
    {
        SessionSettings settings = ToSessionSettings(extensions, target, profile);
        if (receiveMode != ReceiveMode.Streams)
            return settings with { ReceiveMode = receiveMode };
        ThrowIfHeartbeat(receiveMode);
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
