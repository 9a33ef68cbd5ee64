using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// The usual session: delivers whole messages in <see cref="WebSocketSession.Incoming"/>, sends and answers pings, and
/// performs the close handshake.
/// </summary>
public partial class DefaultWebSocketSession : WebSocketSession
{
    private readonly PendingPings _pings;
    private readonly KeepAliveTimer _keepAlive;

    private protected DefaultWebSocketSession(Stream stream, IDisposable owner, SessionSettings settings)
        : base(stream, owner, OutputFor(settings.ReceiveMode), settings)
    {
        _receivesStreams = settings.ReceiveMode == ReceiveMode.Streams;
        Converter = settings.Converter;
        _pings = new PendingPings(settings.Time);
        _keepAlive = new KeepAliveTimer(Connection, this, Telemetry, _pings, settings);
        Lifetime.Start(_keepAlive);
        _keepAlive.Start();
    }

    /// <summary>
    /// The messages received from the peer, as views of the memory that they were read into: no object for a message.
    /// </summary>
    /// <inheritdoc cref="MessageReader" path="/node()[not(self::summary)]"/>
    /// <exception cref="InvalidOperationException">
    /// The session was not opened with <see cref="ReceiveMode.Direct"/>.
    /// </exception>
    public MessageReader Messages => Connection.Messages ?? throw new InvalidOperationException(
        "Messages needs a session whose consumer is the reader. Open it with ReceiveMode = ReceiveMode.Direct on the " +
        "request, or receive from Incoming.");

    /// <summary>
    /// The time from one ping, or one message of a <see cref="Heartbeat"/>, to the next;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for none. Setting it, at any time, starts a new interval. Default: the
    /// heartbeat's or the options' value.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    /// <exception cref="NotSupportedException">
    /// The value is not infinite, the engine lacks <see cref="EngineCapability.ControlFrames"/>, and there is no
    /// <see cref="Heartbeat"/>.
    /// </exception>
    public TimeSpan PingInterval
    {
        get => _keepAlive.Interval;
        set
        {
            if (value != Timeout.InfiniteTimeSpan && !_keepAlive.HasHeartbeat)
                Connection.Engine.Require(EngineCapability.ControlFrames, nameof(PingInterval));
            _keepAlive.Interval = value;
        }
    }

    /// <summary>
    /// How long the peer may be silent after a ping reached the transport, before the connection is aborted;
    /// <see cref="Timeout.InfiniteTimeSpan"/> means indefinitely. Anything received counts. Time does not count while
    /// this process is suspended, or does not read because <see cref="WebSocketSession.Incoming"/> is full, or because
    /// no consumer of <see cref="Messages"/> waits. It can be set at any time. Default: the options' value.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    /// <exception cref="NotSupportedException">
    /// The value is not infinite, the engine lacks <see cref="EngineCapability.ControlFrames"/>, and there is no
    /// <see cref="Heartbeat"/>.
    /// </exception>
    public TimeSpan PingTimeout
    {
        get => _keepAlive.Timeout;
        set
        {
            if (value != Timeout.InfiniteTimeSpan && !_keepAlive.HasHeartbeat)
                Connection.Engine.Require(EngineCapability.ControlFrames, nameof(PingTimeout));
            _keepAlive.Timeout = value;
        }
    }

    /// <summary>
    /// The time from the last answered ping to its pong, or from the last message of a <see cref="Heartbeat"/> to the
    /// reply; null before the first.
    /// </summary>
    public TimeSpan? LastRoundTripTime => _keepAlive.LastRoundTripTime ?? _pings.LastRoundTripTime;

    /// <summary>
    /// Completes with <see cref="WebSocketSession.Completion"/>: our reason if we closed, the peer's if it closed,
    /// otherwise 1006. Never null; never faults.
    /// </summary>
    public Task<CloseReason> CloseReason => Lifetime.CloseReason;

    private protected override bool AnswersClose => true;

    internal static DefaultWebSocketSession Over(Stream stream, IDisposable owner, SessionSettings settings) =>
        new(stream, owner, settings);

    /// <summary>Receives the next message as text.</summary>
    /// <remarks>A binary message is also consumed; the exception holds it.</remarks>
    /// <param name="cancellationToken">Cancels the wait only; no message is lost.</param>
    /// <returns>The text; null after a normal close by either side.</returns>
    /// <exception cref="WebSocketDeserializeException">The message is binary. The session stays open.</exception>
    /// <exception cref="WebSocketException">The session ended in another way.</exception>
    /// <exception cref="InvalidOperationException">
    /// The session receives streams: <see cref="ReceiveMode.Streams"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <example>
    /// <code>
    /// while (await session.ReceiveTextAsync(cancellationToken) is { } text)
    ///     Console.WriteLine(text);
    /// </code>
    /// </example>
    public async ValueTask<string?> ReceiveTextAsync(CancellationToken cancellationToken = default)
    {
        Frame? frame = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (frame is null)
            return null;
        if (frame is not Frame.Text message)
        {
            throw new WebSocketDeserializeException(
                $"A {frame.Type} message of {frame.Data.Length} bytes came where text was expected. " +
                "Use ReceiveAsync for messages of both types, or ReceiveDeserializedAsync for values.", frame);
        }

        string text = message.ReadText();
        frame.Recycle();
        return text;
    }

    /// <summary>Sends a ping and waits for its pong.</summary>
    /// <remarks>With <see cref="ReceiveMode.Direct"/> a pong is received only while the session is read.</remarks>
    /// <param name="cancellationToken">Cancels the wait. A ping that is staged already is still sent.</param>
    /// <returns>The time from staging the ping to receiving its pong, or a later ping's.</returns>
    /// <exception cref="TimeoutException">
    /// Within <see cref="PingTimeout"/> the ping could not be sent, or no pong came. Only this call fails.
    /// </exception>
    /// <exception cref="WebSocketClosedException">The session ended before the pong.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="NotSupportedException">
    /// The engine lacks <see cref="EngineCapability.ControlFrames"/>.
    /// </exception>
    /// <example>
    /// <code>
    /// TimeSpan roundTrip = await session.PingAsync(cancellationToken);
    /// Console.WriteLine($"{roundTrip.TotalMilliseconds:0.0} ms");
    /// </code>
    /// </example>
    [UnsupportedOSPlatform("browser")]
    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        Connection.Engine.Require(EngineCapability.ControlFrames, nameof(PingAsync));
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan timeout = PingTimeout;
        using var limit = new TimeLimit(Lifetime.Time, timeout);
        PendingPings.Ping? ping = null;
        try
        {
            // Waiting for a peer that does not read counts toward the timeout.
            if (!Connection.Pump.IsClosed
                && !await limit.CompletesAsync(
                    Connection.Pump.WaitForRoomAsync(0, cancellationToken), cancellationToken).ConfigureAwait(false))
            {
                throw new TimeoutException(
                    $"The ping could not be sent within the ping timeout of {timeout.TotalSeconds:0.###} s: " +
                    "the peer takes nothing of what was sent before.");
            }

            cancellationToken.ThrowIfCancellationRequested();
            ping = SendPing();
            Connection.Receiving.Reclaim();
            if (!await limit.CompletesAsync(Task.WhenAny(ping.Task, Completion), cancellationToken)
                    .ConfigureAwait(false))
                throw new TimeoutException($"No pong came within the ping timeout of {timeout.TotalSeconds:0.###} s.");
            return ping.Task.IsCompletedSuccessfully
                ? await ping.Task.ConfigureAwait(false)
                : throw CloseState.ToSendException(Queue.Dropped);
        }
        finally
        {
            if (ping is not null)
                _pings.Withdraw(ping);
        }
    }

    // RFC 6455 §5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already
    // received a Close frame."
    private protected override void OnPing(ReadOnlySpan<byte> payload) => Connection.Pump.OwePong(payload);

    private protected override void OnPong(ReadOnlySpan<byte> payload)
    {
        if (_pings.OnPong(payload) is not (> 0 and ulong answered))
            return;
        _keepAlive.OnPong(answered);
        if (_pings.LastRoundTripTime is { } roundTrip)
            Telemetry.PongReceived(roundTrip);
    }

    private protected override bool OnMessage(Frame message)
    {
        try
        {
            return _keepAlive.TakeReply(message);
        }
        catch (Exception e)
        {
            Lifetime.TryEnd(CloseCause.Failure(
                new CloseReason(CloseCode.InternalError),
                new WebSocketException("The heartbeat's function that recognizes replies failed.", e)));
            return false;
        }
    }

    private protected override void OnWritePending() => _keepAlive.OnWritePending();

    private PendingPings.Ping SendPing()
    {
        Span<byte> payload = stackalloc byte[PendingPings.PayloadSize];
        PendingPings.Ping ping = _pings.Add(payload, isAwaited: true);
        if (Connection.Pump.TryStageControl(Opcode.Ping, payload))
        {
            Telemetry.PingSent();
            return ping;
        }

        _pings.Withdraw(ping);
        throw CloseState.ToSendException(Queue.Dropped);
    }
}
