namespace Duplex.Protocol;

/// <summary>
/// Where a session stands between open and ended. The first cause wins, by one compare-exchange; whoever comes later reads the winner's. It knows no session and does nothing:
/// it says what is so.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class CloseState
{
    // Set once, from null, by whoever comes first.
    private CloseCause? _cause;

    // Set once, from null: what kept an end that had begun politely from being clean.
    private Exception? _failure;

    // Each set once: by whoever stages our Close; by the writer when the transport has accepted it; by the receive loop; by whoever releases the transport.
    private CloseReason? _staged;
    private volatile bool _flushed;
    private CloseReason? _received;
    private volatile bool _ended;

    /// <summary>What began the end; null while the session is open.</summary>
    public CloseCause? Cause => Volatile.Read(ref _cause);

    /// <summary>What the peer's Close said; null while none, or no legal one, was received.</summary>
    public CloseReason? Received => Cause?.Received ?? Volatile.Read(ref _received);

    /// <summary>What our Close says that was staged; null while none was.</summary>
    public CloseReason? Staged => Volatile.Read(ref _staged);

    /// <summary>What kept an end that had begun politely from being clean; null if nothing did.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>The state.</summary>
    public WebSocketSessionState State => Cause switch
    {
        null => WebSocketSessionState.Open,
        _ when _ended => WebSocketSessionState.Ended,
        { Initiator: CloseInitiator.Remote } => WebSocketSessionState.PeerClosing,
        { Reason: null } => WebSocketSessionState.Ended,
        _ => WebSocketSessionState.Closing,
    };

    /// <summary>Begins the end; false if another cause came first.</summary>
    public bool TryBegin(CloseCause cause)
    {
        ArgumentNullException.ThrowIfNull(cause);
        return Interlocked.CompareExchange(ref _cause, cause, null) is null;
    }

    /// <summary>Our Close was staged: nothing is sent behind it. False if one was staged before.</summary>
    public bool TryStage(CloseReason reason) => Interlocked.CompareExchange(ref _staged, reason, null) is null;

    /// <summary>The transport accepted our Close.</summary>
    public void MarkFlushed() => _flushed = true;

    /// <summary>A legal Close of the peer was received; the first one counts.</summary>
    public void MarkReceived(CloseReason reason) => Interlocked.CompareExchange(ref _received, reason, null);

    /// <summary>Something kept the end from being clean; the first such thing is kept.</summary>
    public void Fail(Exception error) => Interlocked.CompareExchange(ref _failure, error, null);

    /// <summary>The transport is released.</summary>
    public void MarkEnded() => _ended = true;

    /// <summary>The end as far as it is known now.</summary>
    /// <param name="discardedMessages">How many received frames were dropped.</param>
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
            // Whatever fails behind a clean end, such as a write to the connection that both sides have done with, changes nothing any more.
            Error = Cause?.Error ?? (wasClean ? null : Failure),
            DiscardedMessages = discardedMessages,
        };
    }

    /// <summary>What a send throws once the end has begun.</summary>
    /// <param name="discardedMessages">How many received frames were dropped.</param>
    public WebSocketClosedException ToSendException(long discardedMessages = 0)
    {
        CloseResult result = ToResult(discardedMessages);
        return new WebSocketClosedException($"The WebSocket session takes no more frames: {Describe(result)}.", result, result.Error);
    }

    /// <summary>What a receive throws after the last frame; null for a normal end, which says that every frame up to the peer's Close was delivered.</summary>
    /// <param name="discardedMessages">How many received frames were dropped.</param>
    public Exception? ToReceiveException(long discardedMessages = 0)
    {
        CloseCause? cause = Cause;
        if (cause is { ReceiveError: { } error, WrapsError: false })
            return error;

        // A polite end that failed is an abnormal one for whoever still waited for frames: until the peer's Close came, and only there. The first cause rules everywhere else.
        Exception? failure = cause is { AwaitsPeer: true } && Received is null ? Failure : null;
        if (failure is WebSocketProtocolException or FrameTooBigException)
            return failure; // the peer broke a rule while we waited for its Close
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
        return new WebSocketClosedException($"The WebSocket session has ended {how}: {Describe(result)}.", result, inner);
    }

    /// <summary>
    /// Describes what began the end, and what kept it from being clean, in words that are safe in a log. The only text of the peer
    /// is that of its Close, escaped.
    /// </summary>
    internal string Describe(CloseResult result)
    {
        string began = Cause switch
        {
            null when Failure is null => "its end has not begun",
            null => "the connection was lost without a Close frame",
            // The user's own error, whatever its type.
            { Error: { } error, Initiator: CloseInitiator.Local, ReceiveError: null } when error is not ChannelOverflowException =>
                $"an error on our side ended it ({error.GetType().Name})",
            { Error: WebSocketException or TimeoutException } cause => SafeWords(cause.Error),
            { Error: { } error, Initiator: CloseInitiator.None } => $"the connection was lost without a Close frame ({SafeWords(error)})",
            { Error: { } error } => $"an error on our side ended it ({SafeWords(error)})",
            { Initiator: CloseInitiator.Remote, Received: { } received } => $"the peer closed it with {received.ToQuotedString()}",
            { Reason: { } reason } => $"we closed it with {(ushort)reason.Code}",
            _ => "it was aborted",
        };
        return result.Error is null || result.Error == Cause?.Error ? began
            : Cause is null ? $"{began} ({SafeWords(result.Error)})"
            : $"{began}, but not cleanly ({SafeWords(result.Error)})";
    }

    // Our own messages say enough; others may hold what no log should, so their type must do.
    private static string SafeWords(Exception error) => error is WebSocketException or TimeoutException ? error.Message.TrimEnd('.') : error.GetType().Name;
}
