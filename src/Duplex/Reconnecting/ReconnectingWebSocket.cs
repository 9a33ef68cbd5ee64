namespace Duplex;

/// <summary>
/// One WebSocket over many connections: when one is lost, the next is opened, after a delay. Messages are received from
/// one queue and sent on whichever connection is ready. Created by <c>client.CreateReconnectingWebSocket</c>.
/// </summary>
/// <remarks>
/// <para>
/// Thread-safe, with any number of senders and one consumer. Nothing is sent twice by itself. A send that throws was
/// surely not sent; one that returned is confirmed by a pong or a clean close, or reported by
/// <see cref="ReconnectingWebSocketOptions.OnUnconfirmed"/>. Call <see cref="CloseAsync"/> before disposing: disposal
/// calls no function any more, so it reports nothing.
/// </para>
/// <para>Dispose it: until then it stays connected, even if unreferenced.</para>
/// </remarks>
/// <example>
/// <code>
/// await using var feed = client.CreateReconnectingWebSocket("wss://example.test/feed", reconnect =>
///     reconnect.OnConnected((connection, token) => connection.SendAsync("subscribe", token)));
/// await feed.StartAsync(cancellationToken);
/// await foreach (Frame frame in feed.Incoming)
///     Console.WriteLine(frame);
/// </code>
/// </example>
public sealed class ReconnectingWebSocket : IAsyncDisposable
{
    // A session ends within its close timeout, and up to two seconds for the transport.
    private static readonly TimeSpan SessionTail = TimeSpan.FromSeconds(2);

    private readonly ReconnectingWebSocketOptions _options;
    private readonly Redial _redial;
    private readonly FeedHooks _hooks;
    private readonly FeedQueue _queue;
    private readonly FeedReader _reader;
    private readonly FeedOutlet _outlet = new();
    private readonly FeedSender _sender;
    private readonly TaskCompletionSource<DisconnectVerdict?> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _sync = new();

    // Under _sync.
    private FeedRun? _run;
    private bool _isEnded;

    internal ReconnectingWebSocket(HttpClient client, Uri? url, ReconnectingWebSocketOptions options)
    {
        _options = options;
        _hooks = new FeedHooks(options); // first: it guards the options' functions
        _redial = new Redial(client, url, options);
        _queue = new FeedQueue(options.Incoming);
        _reader = new FeedReader(_queue, _hooks);
        _sender = new FeedSender(_outlet, _redial, options);
    }

    /// <summary>
    /// The messages of all connections, in order. One consumer receives; a second that waits at the same time gets
    /// <see cref="InvalidOperationException"/>. It ends normally after a close. When the connection is given up, it
    /// ends with <see cref="ReconnectException"/>, after the messages that are queued.
    /// </summary>
    public FeedReader Incoming => _reader;

    /// <summary>
    /// <see cref="Incoming"/> with a mark where the connection changed, in place of it: both take from one queue.
    /// </summary>
    public IAsyncEnumerable<FeedItem> IncomingWithGaps => _reader.ReadItemsAsync();

    /// <summary>What it is doing.</summary>
    public ConnectionChange Current => _redial.Changes.Current;

    /// <summary>
    /// What it is doing, and what it does from now on, until it is stopped. A slow reader misses changes;
    /// <see cref="ConnectionChange.Missed"/> counts them. Nothing waits for it. Any number of readers are allowed.
    /// </summary>
    public IAsyncEnumerable<ConnectionChange> Changes => _redial.Changes.ReadAsync();

    /// <summary>Completes when it is stopped, with why the last connection or attempt ended. Never faults.</summary>
    public Task<DisconnectVerdict?> Completion => _completion.Task;

    /// <summary>Starts to connect, and does not wait. Does nothing if it was started before.</summary>
    /// <exception cref="ObjectDisposedException">It was closed or disposed.</exception>
    public void Start() => GetOrCreateRun(CancellationToken.None);

    /// <summary>Starts to connect, and completes when a first connection is ready.</summary>
    /// <param name="cancellationToken">
    /// Undoes the start, if no connection is ready yet: it can be started again. If it was started before, the call
    /// returns the same task, and the token has no effect.
    /// </param>
    /// <exception cref="ReconnectException">The connection is given up.</exception>
    /// <exception cref="WebSocketClosedException">It was closed before a connection was ready.</exception>
    /// <exception cref="ObjectDisposedException">It was closed or disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        ThrowIfInside(nameof(StartAsync));
        return GetOrCreateRun(cancellationToken).Started;
    }

    /// <summary>Ends the wait for the next attempt, if it waits.</summary>
    public void RetryNow() => _redial.RetryNow();

    /// <summary>Sends a text message on the connection that is ready, or waits for one.</summary>
    /// <remarks>Senders that wait are served in the order in which they came. There is no hidden queue.</remarks>
    /// <param name="text">The text, without unpaired surrogates.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <returns>The connection and number of the message, when it is staged.</returns>
    /// <exception cref="InvalidOperationException">
    /// It was not started, or one of its own functions sends through it.
    /// </exception>
    /// <exception cref="WebSocketClosedException">
    /// It was closed or has given up, or, with <see cref="FeedSendOptions.FailFast"/> or
    /// <see cref="FeedSendOptions.OnlyEpoch"/>, there is no such connection. The message was not sent.
    /// </exception>
    /// <exception cref="TimeoutException">
    /// <see cref="FeedSendOptions.TimeToLive"/> is over. The message was not sent.
    /// </exception>
    /// <exception cref="ArgumentException">The text is not valid.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled. The message was not sent.</exception>
    public ValueTask<SendReceipt> SendAsync(
        string text, FeedSendOptions options = default, CancellationToken cancellationToken = default) =>
        SendAsync(new FeedMessage(text), options, cancellationToken);

    /// <inheritdoc cref="SendAsync(string, FeedSendOptions, CancellationToken)"/>
    public ValueTask<SendReceipt> SendAsync(string text, CancellationToken cancellationToken) =>
        SendAsync(new FeedMessage(text), default, cancellationToken);

    /// <summary>Sends a binary message on the connection that is ready, or waits for one.</summary>
    /// <param name="data">Must not change until the call completes.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <inheritdoc cref="SendAsync(string, FeedSendOptions, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    public ValueTask<SendReceipt> SendAsync(
        ReadOnlyMemory<byte> data, FeedSendOptions options = default, CancellationToken cancellationToken = default) =>
        SendAsync(new FeedMessage(data, FrameType.Binary), options, cancellationToken);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, FeedSendOptions, CancellationToken)"/>
    public ValueTask<SendReceipt> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        SendAsync(new FeedMessage(data, FrameType.Binary), default, cancellationToken);

    /// <summary>Sends a whole message on the connection that is ready, or waits for one.</summary>
    /// <param name="frame">A text or binary frame with <c>Fin</c>.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <inheritdoc cref="SendAsync(string, FeedSendOptions, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    public ValueTask<SendReceipt> SendAsync(
        Frame frame, FeedSendOptions options = default, CancellationToken cancellationToken = default) =>
        SendAsync(FeedMessage.Of(frame), options, cancellationToken);

    /// <inheritdoc cref="SendAsync(Frame, FeedSendOptions, CancellationToken)"/>
    public ValueTask<SendReceipt> SendAsync(Frame frame, CancellationToken cancellationToken) =>
        SendAsync(FeedMessage.Of(frame), default, cancellationToken);

    /// <summary>
    /// Closes: what is staged is sent, then our Close; sends that wait fail. <see cref="Incoming"/> still has what was
    /// received. There is no further connection.
    /// </summary>
    /// <param name="reason">The code and text of our Close; null means 1000.</param>
    /// <param name="cancellationToken">Cancels the wait only; the close continues.</param>
    /// <returns>
    /// How the last connection ended; null if there was none. A function of its own that calls this does not wait for
    /// the end, and gets the connection before.
    /// </returns>
    /// <exception cref="ArgumentException">The code must not be sent. Nothing has changed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<CloseResult?> CloseAsync(
        CloseReason? reason = null, CancellationToken cancellationToken = default)
    {
        reason ??= CloseReason.Normal;
        if (!reason.IsSendable)
        {
            throw new ArgumentException(
                $"The close code {(ushort)reason.Code} must not be sent (RFC 6455 §7.4). Use 1000-1003, 1007-1014, " +
                "or 3000-4999 for your own.",
                nameof(reason));
        }

        FeedRun? run = Stop(reason);
        if (run is not null && !_hooks.IsInside)
            await run.Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        return run?.LastClose;
    }

    /// <summary>
    /// Closes with 1000, drops what was received, and waits for its end: at most twice the close timeout plus two
    /// seconds. No function of yours begins after that; one that runs is cancelled. Idempotent. Never throws.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        FeedRun? run = Stop(CloseReason.Normal);
        _queue.Drop();
        TimeSpan closeTimeout = _redial.CloseTimeout;
        await _hooks.StopAsync(_redial.Time, closeTimeout).ConfigureAwait(false);
        if (run is null || _hooks.IsInside)
            return;

        // A function that blocks its thread does not hold the caller.
        TimeSpan most = closeTimeout == Timeout.InfiniteTimeSpan ? closeTimeout : closeTimeout + SessionTail;
        using var limit = new TimeLimit(_redial.Time, most);
        await limit.CompletesAsync(run.Ended).ConfigureAwait(false);
    }

    private ValueTask<SendReceipt> SendAsync(FeedMessage message, FeedSendOptions options, CancellationToken token)
    {
        ThrowIfInside(nameof(SendAsync));
        lock (_sync)
        {
            if (_run is null or { IsUndone: true } && !_isEnded)
            {
                throw new InvalidOperationException(
                    "The ReconnectingWebSocket was not started, so it connects to nothing. Call StartAsync or Start " +
                    "first.");
            }
        }

        return _sender.SendAsync(message, options, token);
    }

    private void ThrowIfInside(string member)
    {
        if (_hooks.IsInside)
        {
            throw new InvalidOperationException(
                $"{member} of a ReconnectingWebSocket was called by one of its own functions, whose return it would " +
                "wait for. In OnConnected use the ConnectedSession; the others hand over to code of yours.");
        }
    }

    private FeedRun GetOrCreateRun(CancellationToken token)
    {
        FeedRun run;
        FeedRun? before;
        lock (_sync)
        {
            if (_run is { IsUndone: false } && (!_isEnded || _run.Error is not null))
                return _run;
            ObjectDisposedException.ThrowIf(_isEnded, this);
            before = _run;
            _run = run = new FeedRun(_redial, _hooks, _queue, _outlet, _options, token);
        }

        using (AmbientFlow.Suppress()) // it outlives the call
            _ = RunAsync(run, before);
        return run;
    }

    private async Task RunAsync(FeedRun run, FeedRun? before)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the caller continues
        if (before is not null)
            await before.Ended.ConfigureAwait(false);
        _redial.Reset();
        await run.RunAsync().ConfigureAwait(false);
        lock (_sync)
        {
            if (!run.IsUndone || _isEnded)
            {
                End(run.Error);
            }
            else
            {
                _redial.Changes.Add(new ConnectionChange(ConnectionPhase.NotStarted, _redial.Epoch, null, null, 0));
                if (_run == run)
                    _run = null;
            }
        }

        run.End();
    }

    private FeedRun? Stop(CloseReason reason)
    {
        FeedRun? run;
        lock (_sync)
        {
            run = _run;
            _isEnded = true;
            _outlet.Shut("The ReconnectingWebSocket was closed.");
            if (run is null)
                End(null);
        }

        run?.Stop(reason);
        return run;
    }

    // Under _sync.
    private void End(ReconnectException? error)
    {
        _isEnded = true;
        _outlet.Shut(error?.Message ?? "The ReconnectingWebSocket was closed.");
        _queue.Complete(error);
        _redial.Changes.Add(new ConnectionChange(ConnectionPhase.Stopped, _redial.Epoch, _redial.Last, null, 0));
        _completion.TrySetResult(_redial.Last);
    }
}
