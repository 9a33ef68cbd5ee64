namespace Duplex;

/// <summary>
/// A session as most users want it: whole messages in <see cref="WebSocketSession.Incoming"/>, pings answered, pings sent, a polite close in both directions.
/// </summary>
public partial class DefaultWebSocketSession : WebSocketSession
{
    private readonly PendingPings _pings;
    private readonly KeepAliveTimer _keepAlive;
    private readonly TimeProvider _time;

    private protected DefaultWebSocketSession(Stream stream, IDisposable owner, SessionSettings settings) : base(stream, owner, OutputFor(settings.ReceiveMode), settings)
    {
        _receivesStreams = settings.ReceiveMode == ReceiveMode.Streams;
        _time = settings.Time;
        Converter = settings.Converter;
        _pings = new PendingPings(_time);
        _keepAlive = new KeepAliveTimer(Connection, this, Log, _pings, settings);
        Lifetime.Start(_keepAlive);
        _keepAlive.Start();
    }

    /// <summary>How long after a ping the next one is sent; <see cref="Timeout.InfiniteTimeSpan"/> for none. Settable at any time, which begins a new period. By default what the options say.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero, negative, or longer than 24 days.</exception>
    /// <exception cref="NotSupportedException">It is not infinite, and the engine lacks <see cref="EngineCapability.ControlFrames"/>.</exception>
    public TimeSpan PingInterval
    {
        get => _keepAlive.Interval;
        set
        {
            if (value != Timeout.InfiniteTimeSpan)
                Connection.Engine.Require(EngineCapability.ControlFrames, nameof(PingInterval));
            _keepAlive.Interval = value;
        }
    }

    /// <summary>
    /// How long the peer may be silent once a ping has reached the transport, before it counts as dead and the connection is aborted; <see cref="Timeout.InfiniteTimeSpan"/> for ever.
    /// Anything that the peer sends proves it alive. Time in which this process stood still, or did not read because <see cref="WebSocketSession.Incoming"/> was full, does not count.
    /// Settable at any time. By default what the options say.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero, negative, or longer than 24 days.</exception>
    /// <exception cref="NotSupportedException">It is not infinite, and the engine lacks <see cref="EngineCapability.ControlFrames"/>.</exception>
    public TimeSpan PingTimeout
    {
        get => _keepAlive.Timeout;
        set
        {
            if (value != Timeout.InfiniteTimeSpan)
                Connection.Engine.Require(EngineCapability.ControlFrames, nameof(PingTimeout));
            _keepAlive.Timeout = value;
        }
    }

    /// <summary>How long the last answered ping took until its pong; null before the first.</summary>
    public TimeSpan? LastRoundTripTime => _pings.LastRoundTripTime;

    /// <summary>Completes with <see cref="WebSocketSession.Completion"/>: what we sent if we closed, what we received if the peer did, else 1006. Never null, never faulted.</summary>
    public Task<CloseReason> CloseReason => Lifetime.CloseReason;

    private protected override bool AnswersClose => true;

    /// <summary>A session over a duplex stream.</summary>
    internal static DefaultWebSocketSession Over(Stream stream, IDisposable owner, SessionSettings settings) => new(stream, owner, settings);

    /// <summary>Receives the next message as text, waiting for it.</summary>
    /// <remarks>
    /// One message is taken, also where it is binary: the exception holds it, and the next call takes the next.
    /// </remarks>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no message is lost.</param>
    /// <returns>The text; null after a normal end, when the peer or this side closed.</returns>
    /// <exception cref="WebSocketDeserializeException">
    /// The message is binary; <see cref="WebSocketDeserializeException.Frame"/> has it. The session goes on.
    /// </exception>
    /// <exception cref="WebSocketException">The session ended in any other way: what happened.</exception>
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
                "Receive it with ReceiveAsync, or as a value.", frame);
        }

        string text = message.ReadText();
        frame.Recycle();
        return text;
    }

    /// <summary>Sends a ping and waits for its pong.</summary>
    /// <param name="cancellationToken">Cancels the wait only: the ping stays sent.</param>
    /// <returns>The time from staging the ping to receiving its pong, or a later one's.</returns>
    /// <exception cref="TimeoutException">No pong came within <see cref="PingTimeout"/>. Only this call fails.</exception>
    /// <exception cref="WebSocketClosedException">The session ended first.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="NotSupportedException">The engine lacks <see cref="EngineCapability.ControlFrames"/>.</exception>
    /// <example>
    /// <code>
    /// TimeSpan roundTrip = await session.PingAsync(cancellationToken);
    /// Console.WriteLine($"{roundTrip.TotalMilliseconds:0.0} ms");
    /// </code>
    /// </example>
    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        Connection.Engine.Require(EngineCapability.ControlFrames, nameof(PingAsync));
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan timeout = PingTimeout;
        using var limit = new TimeLimit(_time, timeout);
        PendingPings.Ping? ping = null;
        try
        {
            // A peer that does not read uses up the same time.
            if (!Connection.Pump.IsClosed && !await limit.CompletesAsync(Connection.Pump.WaitForRoomAsync(0, cancellationToken), cancellationToken).ConfigureAwait(false))
                throw new TimeoutException($"The ping could not be sent within the ping timeout of {timeout.TotalSeconds:0.###} s: the peer takes nothing of what was sent before.");
            cancellationToken.ThrowIfCancellationRequested();
            ping = SendPing();
            Connection.Receiving.Reclaim();
            if (!await limit.CompletesAsync(Task.WhenAny(ping.Task, Completion), cancellationToken).ConfigureAwait(false))
                throw new TimeoutException($"No pong came within the ping timeout of {timeout.TotalSeconds:0.###} s.");
            return ping.Task.IsCompletedSuccessfully ? await ping.Task.ConfigureAwait(false) : throw CloseState.ToSendException(Queue.Dropped);
        }
        finally
        {
            if (ping is not null)
                _pings.Withdraw(ping);
        }
    }

    // RFC 6455 §5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close frame."
    private protected override void OnPing(ReadOnlySpan<byte> payload) => Connection.Pump.OwePong(payload);

    private protected override void OnPong(ReadOnlySpan<byte> payload)
    {
        if (_pings.OnPong(payload) is not 0 and ulong answered)
            _keepAlive.OnPong(answered);
    }

    private protected override void OnWritePending() => _keepAlive.OnWritePending();

    private PendingPings.Ping SendPing()
    {
        Span<byte> payload = stackalloc byte[PendingPings.PayloadSize];
        PendingPings.Ping ping = _pings.Add(payload, isAwaited: true);
        if (Connection.Pump.TryStageControl(Opcode.Ping, payload))
            return ping;
        _pings.Withdraw(ping);
        throw CloseState.ToSendException(Queue.Dropped);
    }
}
