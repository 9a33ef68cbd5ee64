using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>How a <see cref="ReconnectingWebSocket"/> connects, receives and sends.</summary>
/// <remarks>
/// Copied when the socket is created. <see cref="OnConnected(Func{ConnectedSession, CancellationToken, Task})"/> and
/// <see cref="OnUnconfirmed"/> run on the thread pool, <see cref="Observe"/> and <see cref="DuplicateKey"/> on the
/// thread that receives, <see cref="RateLimit"/> on the sender's. During a rotation those of both connections may run
/// at once.
/// </remarks>
public sealed class ReconnectingWebSocketOptions : StayConnectedOptions
{
    // Set by the configuring code, on one thread.
    private TimeSpan _readyTimeout = TimeSpan.FromSeconds(15); // as the handshake's
    private TimeSpan _confirmInterval = TimeSpan.FromSeconds(1); // a ping a second costs nothing beside the messages
    private TimeSpan _maxConnectionAge = Timeout.InfiniteTimeSpan;
    private TimeSpan _overlap = TimeSpan.FromSeconds(2);
    private double _connectionAgeJitter = 0.1;
    private long _maxUnconfirmedBytes = 1024 * 1024;
    private ChannelConfig _incoming = ChannelConfig.DefaultIncoming;

    /// <summary>Creates options with the defaults.</summary>
    public ReconnectingWebSocketOptions() : base(isForFeed: true) { }

    /// <summary>
    /// How long the hook of <see cref="OnConnected(Func{ConnectedSession, CancellationToken, Task})"/> may take before
    /// the attempt counts as failed; also how long <see cref="OnUnconfirmed"/> may. Default: 15 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan ReadyTimeout
    {
        get => _readyTimeout;
        set => _readyTimeout = TimerRange.Checked(value);
    }

    /// <summary>
    /// Called for each message, in order, before it enters <c>Incoming</c>, with the number of its connection. If it
    /// throws, the connection is given up. It must not keep the frame.
    /// </summary>
    public Action<Frame, int>? Observe { get; set; }

    /// <summary>
    /// Called when a connection has ended, before the next attempt, with all messages of which nothing proves that the
    /// peer got them, in order. Default: null; nothing is kept then.
    /// </summary>
    public Func<IReadOnlyList<UnconfirmedMessage>, CancellationToken, ValueTask>? OnUnconfirmed { get; set; }

    /// <summary>
    /// The most payload bytes kept for <see cref="OnUnconfirmed"/>; of further messages it gets the numbers only.
    /// Default: 1 MiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long MaxUnconfirmedBytes
    {
        get => _maxUnconfirmedBytes;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _maxUnconfirmedBytes = value;
        }
    }

    /// <summary>
    /// How long after a message a ping is sent whose pong confirms it, if <see cref="OnUnconfirmed"/> is set. Default:
    /// 1 s. Infinite means that only a clean close confirms.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan ConfirmInterval
    {
        get => _confirmInterval;
        set => _confirmInterval = TimerRange.Checked(value);
    }

    /// <summary>
    /// How old a connection may become before a new one takes its place, without a gap. Default: infinite.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan MaxConnectionAge
    {
        get => _maxConnectionAge;
        set => _maxConnectionAge = TimerRange.Checked(value);
    }

    /// <summary>
    /// The part of <see cref="MaxConnectionAge"/> by which it is varied at random, up and down, so that many
    /// connections do not rotate at once. Default: 0.1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not from 0 to 1.</exception>
    public double ConnectionAgeJitter
    {
        get => _connectionAgeJitter;
        set => _connectionAgeJitter = value is >= 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "ConnectionAgeJitter must be from 0 to 1.");
    }

    /// <summary>
    /// How long a connection that was replaced is still received from. Then it is closed with 1000. Default: 2 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan Overlap
    {
        get => _overlap;
        set => _overlap = Finite(value);
    }

    /// <summary>
    /// What is equal for messages that both connections deliver during <see cref="Overlap"/>: the second is dropped.
    /// Null from the function means that the message has no key. Default: null, both are delivered.
    /// </summary>
    public Func<Frame, object?>? DuplicateKey { get; set; }

    /// <summary>
    /// Whether senders switch to a new connection only when the old one has confirmed what they sent, by a pong.
    /// Default: false. Not possible in a browser, which has no pings.
    /// </summary>
    public bool StrictRotation { get; set; }

    /// <summary>
    /// Waited for before each message that is sent, with its payload's bytes. Heartbeats and hooks are exempt. Default:
    /// null, no limit.
    /// </summary>
    public Func<int, CancellationToken, ValueTask>? RateLimit { get; set; }

    /// <summary>
    /// The bounds of <c>Incoming</c>. Default: 4,096 messages and 4 MiB. When it is full, nothing is read.
    /// </summary>
    /// <exception cref="ArgumentException">The value drops or closes when it is full.</exception>
    public ChannelConfig Incoming
    {
        get => _incoming;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _incoming = value.Overflow == ChannelOverflow.Suspend
                ? value
                : throw new ArgumentException(
                    "Incoming of a ReconnectingWebSocket can only suspend when it is full. For other overflows set " +
                    "WebSocketsOptions.Channels.Incoming.",
                    nameof(value));
        }
    }

    internal Func<ConnectedSession, CancellationToken, Task>? Connected { get; private set; }

    /// <summary>
    /// Sets the hook that makes each connection ready: it subscribes, logs in. Nothing else is sent before it has
    /// returned. If it throws, or takes longer than <see cref="ReadyTimeout"/>, the attempt has failed.
    /// </summary>
    /// <param name="hook">
    /// The hook. Its token fires at the timeout and at the end. Messages that it does not receive go to
    /// <c>Incoming</c>.
    /// </param>
    /// <exception cref="InvalidOperationException">There is a hook already.</exception>
    [OverloadResolutionPriority(1)]
    public void OnConnected(Func<ConnectedSession, CancellationToken, Task> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        Connected = Connected is null
            ? hook
            : throw new InvalidOperationException(
                "OnConnected has been set before, and one hook makes a connection ready. Do both in one.");
    }

    /// <inheritdoc cref="OnConnected(Func{ConnectedSession, CancellationToken, Task})"/>
    public void OnConnected(Func<ConnectedSession, CancellationToken, ValueTask> hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        OnConnected((session, token) => hook(session, token).AsTask());
    }
}
