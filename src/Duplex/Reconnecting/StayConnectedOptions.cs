using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>How to stay connected: when to connect again, and for how long to wait before.</summary>
/// <remarks>
/// Copied when the connection is created; changes after that have no effect. Not thread-safe. The functions may be
/// called on any thread, one at a time.
/// </remarks>
public class StayConnectedOptions
{
    // Set by the configuring code, on one thread.
    private TimeSpan _attemptTimeout = TimeSpan.FromSeconds(30); // twice the handshake timeout: a token comes first
    private TimeSpan _minDelay = TimeSpan.FromSeconds(0.5);
    private TimeSpan _maxDelay = TimeSpan.FromSeconds(30);
    private TimeSpan _stableAfter = TimeSpan.FromSeconds(10);
    private TimeSpan _maxServerDelay = TimeSpan.FromMinutes(10);
    private TimeSpan _fatalGrace = TimeSpan.FromMinutes(10);
    private TimeSpan _idleTimeout = Timeout.InfiniteTimeSpan;
    private double _delayFactor = 2;
    private int? _maxAttempts;
    private int _maxConcurrentAttempts = 16; // a thousand feeds need 63 rounds: a server that restarts survives that
    private string _name = "default";

    private protected StayConnectedOptions(bool isForFeed) => IsForFeed = isForFeed;

    internal StayConnectedOptions() : this(isForFeed: false) { }

    /// <summary>
    /// Configures the request of each attempt: fresh headers, a token, another URL. If it throws, that attempt failed.
    /// Its token fires at <see cref="AttemptTimeout"/> and when the connection is stopped.
    /// </summary>
    public Func<WebSocketRequest, ConnectAttempt, CancellationToken, ValueTask>? Configure { get; set; }

    /// <summary>
    /// Decides whether to connect again, in place of the table in docs/reconnect-verdicts.md. Its argument has the
    /// table's decision. If it throws, the connection is given up with its exception.
    /// </summary>
    public Func<DisconnectVerdict, bool>? IsTransient { get; set; }

    /// <summary>
    /// Reads a delay from the reason of the server's Close; null if it has none. It is limited to
    /// <see cref="MaxServerDelay"/>. If it throws, the connection is given up with its exception.
    /// </summary>
    public Func<CloseReason, TimeSpan?>? ServerDelay { get; set; }

    /// <summary>The name of this connection in logs and metrics. Default: <c>default</c>.</summary>
    /// <exception cref="ArgumentException">The value is null or empty.</exception>
    public string Name
    {
        get => _name;
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(value);
            _name = value;
        }
    }

    /// <summary>
    /// The clock of all waits. Default: null, the system's until a first attempt reaches the handler, then the
    /// handler's. If set, it must be the handler's.
    /// </summary>
    public TimeProvider? TimeProvider { get; set; }

    /// <summary>
    /// How long one attempt may take: <see cref="Configure"/>, connecting, and the handshake. Default: 30 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan AttemptTimeout
    {
        get => _attemptTimeout;
        set => _attemptTimeout = TimerRange.Checked(value);
    }

    /// <summary>
    /// The upper bound of the first delay; each is uniform between zero and its bound. Default: 0.5 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan MinDelay
    {
        get => _minDelay;
        set => _minDelay = Finite(value);
    }

    /// <summary>The factor from the bound of one delay to that of the next. Default: 2.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1, or infinite.</exception>
    public double DelayFactor
    {
        get => _delayFactor;
        set => _delayFactor = value is >= 1 and < double.PositiveInfinity
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(value), value, "DelayFactor must be a number of at least 1.");
    }

    /// <summary>The largest bound of a delay. Default: 30 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan MaxDelay
    {
        get => _maxDelay;
        set => _maxDelay = Finite(value);
    }

    /// <summary>
    /// How long a connection must be ready before the next delay is the first again. Default: 10 s. A server that
    /// accepts and then drops is not hammered.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan StableAfter
    {
        get => _stableAfter;
        set => _stableAfter = Finite(value);
    }

    /// <summary>The most that a server can make us wait, by <c>Retry-After</c> or a Close. Default: 10 min.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan MaxServerDelay
    {
        get => _maxServerDelay;
        set => _maxServerDelay = Finite(value);
    }

    /// <summary>
    /// How long refusals that are fatal (404, a wrong certificate) are retried after a first connection was ready, each
    /// after <see cref="MaxDelay"/> plus up to 20 %: servers answer so while they are deployed. Default: 10 min.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan FatalGrace
    {
        get => _fatalGrace;
        set => _fatalGrace = TimerRange.Checked(value);
    }

    /// <summary>
    /// The most attempts in a row that fail before the connection is given up. Default: null, no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int? MaxAttempts
    {
        get => _maxAttempts;
        set
        {
            if (value is { } most)
                ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most, nameof(value));
            _maxAttempts = value;
        }
    }

    /// <summary>
    /// The most attempts at once to one origin, by all connections of this process. Default: 16.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int MaxConcurrentAttempts
    {
        get => _maxConcurrentAttempts;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            _maxConcurrentAttempts = value;
        }
    }

    /// <summary>
    /// How long no message may come before the connection counts as lost. Pings, pongs and replies to a heartbeat are
    /// no messages. The time does not run while <c>Incoming</c> is full. Default: infinite.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan IdleTimeout
    {
        get => _idleTimeout;
        set => _idleTimeout = TimerRange.Checked(value);
    }

    /// <summary>
    /// Messages of the application in place of pings, for each connection. Default: null, as the handler's options
    /// have it.
    /// </summary>
    public Heartbeat? Heartbeat { get; set; }

    internal bool IsForFeed { get; }

    /// <summary>A random number from 0 to 1, without 1. Tests replace it.</summary>
    internal Func<double> Random { get; set; } = System.Random.Shared.NextDouble;

    internal StayConnectedOptions Copy() => (StayConnectedOptions)MemberwiseClone();

    private protected static TimeSpan Finite(TimeSpan value, [CallerMemberName] string name = "") =>
        value != Timeout.InfiniteTimeSpan
            ? TimerRange.Checked(value, name)
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be positive and finite.");
}
