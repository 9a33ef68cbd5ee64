namespace Duplex.Protocol;

/// <summary>The state of a session from open to ended. The first cause wins, by one compare-exchange.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class CloseState
{
    // Set once, with compare-exchange.
    private CloseCause? _cause;
    private Exception? _failure; // kept a close from being clean

    // Each set once: by the thread that buffers our Close, the writer, the receive loop, and the releaser.
    private CloseReason? _staged;
    private volatile bool _flushed;
    private CloseReason? _received;
    private volatile bool _ended;

    public CloseCause? Cause => Volatile.Read(ref _cause);

    public CloseReason? Received => Cause?.Received ?? Volatile.Read(ref _received);

    public CloseReason? Staged => Volatile.Read(ref _staged);

    public Exception? Failure => Volatile.Read(ref _failure);

    public WebSocketSessionState State => Cause switch
    {
        null => WebSocketSessionState.Open,
        _ when _ended => WebSocketSessionState.Ended,
        { Initiator: CloseInitiator.Remote } => WebSocketSessionState.PeerClosing,
        { Reason: null } => WebSocketSessionState.Ended,
        _ => WebSocketSessionState.Closing,
    };

    public bool TryBegin(CloseCause cause)
    {
        ArgumentNullException.ThrowIfNull(cause);
        return Interlocked.CompareExchange(ref _cause, cause, null) is null;
    }

    /// <summary>False if a Close was buffered already, after which nothing is sent.</summary>
    public bool TryStage(CloseReason reason) => Interlocked.CompareExchange(ref _staged, reason, null) is null;

    public void MarkFlushed() => _flushed = true;

    public void MarkReceived(CloseReason reason) => Interlocked.CompareExchange(ref _received, reason, null);

    public void Fail(Exception error) => Interlocked.CompareExchange(ref _failure, error, null);

    public void MarkEnded() => _ended = true;

    public CloseResult ToResult(long discardedMessages = 0)
    {
        CloseReason? sent = _flushed ? Staged : null;
        CloseReason? received = Received;
        bool wasClean = sent is not null && received is not null;
        return new CloseResult
        {
            Sent = sent,
            Received = received,
            Initiator = Cause?.Initiator ?? CloseInitiator.None,
            WasClean = wasClean,
            // Errors after a clean close do not count, such as a failed write to the closed connection.
            Error = Cause?.Error ?? (wasClean ? null : Failure),
            DiscardedMessages = discardedMessages,
        };
    }

    public WebSocketClosedException ToSendException(long discardedMessages = 0)
    {
        CloseResult result = ToResult(discardedMessages);
        return new WebSocketClosedException(
            $"The WebSocket session takes no more frames: {Describe(result)}.", result, result.Error);
    }

    /// <summary>Null for a normal end: every frame before the peer's Close was delivered.</summary>
    public Exception? ToReceiveException(long discardedMessages = 0)
    {
        CloseCause? cause = Cause;
        if (cause is { ReceiveError: { } error, WrapsError: false })
            return error;

        // If our close fails before the peer's Close arrives, the end is abnormal for receivers only.
        Exception? failure = cause is { AwaitsPeer: true } && Received is null ? Failure : null;
        if (failure is WebSocketProtocolException or FrameTooBigException)
            return failure; // the peer broke a rule before its Close arrived
        Exception? inner = cause?.ReceiveError ?? failure;
        if (inner is null && cause is not { WrapsError: true } && discardedMessages == 0)
            return null;
        CloseResult result = ToResult(discardedMessages);
        string how = discardedMessages switch
        {
            0 => "abnormally",
            1 => "and one received message was discarded",
            _ => $"and {discardedMessages} received messages were discarded",
        };
        return new WebSocketClosedException(
            $"The WebSocket session has ended {how}: {Describe(result)}.", result, inner);
    }

    /// <summary>In words safe for logs: the peer's only text is that of its Close, escaped.</summary>
    internal string Describe(CloseResult result)
    {
        string began = Cause switch
        {
            null when Failure is null => "its end has not begun",
            null => "the connection was lost without a Close frame",
            { Error: { } error, Initiator: CloseInitiator.Local, ReceiveError: null }
                when error is not ChannelOverflowException =>
                $"an error on our side ended it ({error.GetType().Name})",
            { Error: WebSocketException or TimeoutException } cause => Words(cause.Error),
            { Error: { } error, Initiator: CloseInitiator.None } =>
                $"the connection was lost without a Close frame ({Words(error)})",
            { Error: { } error } => $"an error on our side ended it ({Words(error)})",
            { Initiator: CloseInitiator.Remote, Received: { } received } =>
                $"the peer closed it with {received.ToQuotedString()}",
            { Reason: { } reason } => $"we closed it with {(ushort)reason.Code}",
            _ => "it was aborted",
        };
        return result.Error is null || result.Error == Cause?.Error ? began
            : Cause is null ? $"{began} ({Words(result.Error)})"
            : $"{began}, but not cleanly ({Words(result.Error)})";
    }

    private static string Words(Exception error) => error is WebSocketException or TimeoutException
        ? error.Message.TrimEnd('.')
        : SafeWords.With(error.GetType().Name, error);
}
