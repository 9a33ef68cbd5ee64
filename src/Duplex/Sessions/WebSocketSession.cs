using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Unicode;

namespace Duplex;

/// <summary>
/// A WebSocket connection. <see cref="DefaultWebSocketSession"/> answers pings, merges fragments and performs the close
/// handshake; <see cref="RawWebSocketSession"/> delivers every frame as received and answers none.
/// </summary>
/// <remarks>
/// <para>All members are thread-safe, with any number of senders and receivers, in any state.</para>
/// <para>
/// Dispose it: disposal performs the close handshake, bounded by the close timeout plus one second; <see cref="Abort"/>
/// does not. A session neither closed nor disposed lives until the connection ends: it keeps its socket, sends pings
/// and fills <see cref="Incoming"/> unless its consumer is the reader, even if unreferenced. There is no finalizer.
/// </para>
/// </remarks>
public abstract class WebSocketSession : IAsyncDisposable, ISessionEvents
{
    // In characters: three bytes each fit the pool's common buffers, so short texts need no count first.
    private const int UncountedText = 4096;

    private readonly FrameChannelReader? _incoming;

    // Created on first use by an atomic exchange.
    private FrameChannelWriter? _outgoing;

    private protected WebSocketSession(
        Stream stream, IDisposable owner, AssemblerOutput output, SessionSettings settings)
    {
        Queue = new FrameQueue(settings.Incoming, CloseState, ofPieces: output == AssemblerOutput.Pieces);
        Telemetry = new SessionTelemetry(
            settings.Telemetry, settings.Time, settings.Connection.Extensions?.Extensions ?? [], Queue);
        Connection = new StreamConnection(
            stream, owner, output, isDirect: settings.ReceiveMode == ReceiveMode.Direct, Queue, CloseState, this,
            Telemetry, settings.Connection);
        Lifetime = new SessionLifetime(Connection, CloseState, Queue, Telemetry, settings);
        Pool = settings.Connection.Pool;
        if (output != AssemblerOutput.Pieces)
            _incoming = new FrameChannelReader(Queue, Connection.Receiving, CloseState, Connection.Messages);
    }

    /// <summary>The session's id, unique within the process and part of its log entries.</summary>
    public string Id => Telemetry.Id;

    /// <summary>
    /// The messages received from the peer, in order. Enumeration ends normally after a close, once every message
    /// before the peer's Close is delivered. It throws if the connection was lost or messages were discarded.
    /// </summary>
    /// <remarks>
    /// <see cref="WebSocketChannelsOptions.Incoming"/> bounds the queue. While it is full, nothing is read: the peer's
    /// pings are not answered, and many servers then close with 1011. Receive in a loop that never waits long, with
    /// slow work in a task or channel of your own.
    /// </remarks>
    /// <exception cref="InvalidOperationException">
    /// The session receives streams: <see cref="ReceiveMode.Streams"/>.
    /// </exception>
    /// <example>
    /// <code>
    /// await foreach (Frame frame in session.Incoming)
    /// {
    ///     switch (frame)
    ///     {
    ///         case Frame.Text(var text):   Console.WriteLine(text); break;
    ///         case Frame.Binary(var data): Console.WriteLine($"{data.Length} bytes"); break;
    ///     }
    /// }
    /// </code>
    /// </example>
    public FrameChannelReader Incoming => _incoming ?? throw new InvalidOperationException(
        "The session was opened with ReceiveMode.Streams, so it has no Incoming. Receive with ReceiveStreamAsync, " +
        "or open it with ReceiveMode.Messages.");

    /// <summary>The outgoing side as a channel, equivalent to the <c>SendAsync</c> methods.</summary>
    public FrameChannelWriter Outgoing =>
        _outgoing
            ?? Interlocked.CompareExchange(ref _outgoing, new FrameChannelWriter(Connection.Sender, this), null)
            ?? _outgoing;

    /// <summary>
    /// The largest payload of a received frame, in bytes; a larger one ends the session with 1009. It can be set at any
    /// time and applies from the next frame header. It is lowered to what one array holds, except with streams, whose
    /// default is <see cref="long.MaxValue"/>, no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    /// <exception cref="NotSupportedException">The engine lacks <see cref="EngineCapability.FrameLimits"/>.</exception>
    public long MaxFrameSize
    {
        get => Connection.MaxFrameSize;
        [UnsupportedOSPlatform("browser")]
        set
        {
            Connection.Engine.Require(EngineCapability.FrameLimits, nameof(MaxFrameSize));
            Connection.MaxFrameSize = value;
        }
    }

    /// <summary>Whether sent frames are masked: on a client always, on a server never (RFC 6455 §5.1).</summary>
    public bool Masking => Connection.Role == WebSocketRole.Client;

    /// <summary>The state of the session.</summary>
    public WebSocketSessionState State => CloseState.State;

    /// <summary>The number of sent bytes, with headers, that the transport has not accepted yet.</summary>
    public long BufferedBytes => Connection.Pump.BufferedBytes;

    /// <summary>What the session has sent and received until now.</summary>
    public SessionStatistics Statistics
    {
        get
        {
            Traffic.Count sent = Telemetry.Sent.Text + Telemetry.Sent.Binary;
            Traffic.Count received = Telemetry.Received.Text + Telemetry.Received.Binary;
            TimeProvider time = Lifetime.Time;
            return new SessionStatistics
            {
                SentMessages = sent.Messages,
                SentBytes = sent.Bytes,
                ReceivedMessages = received.Messages,
                ReceivedBytes = received.Bytes,
                TimeSinceLastByte = time.GetElapsedTime(Connection.Receiving.LastInbound),
                TimeSinceLastMessage = time.GetElapsedTime(Connection.Receiving.LastMessage),
            };
        }
    }

    /// <summary>Completes with how the session ended, after the transport is released. Never faults.</summary>
    public Task<CloseResult> Completion => Lifetime.Completion;

    /// <summary>Fires with <see cref="Completion"/>. Callbacks run on the thread pool.</summary>
    public CancellationToken Closed => Lifetime.Closed;

    /// <summary>The active extensions, in the order in which sent messages pass them. A raw session has none.</summary>
    public IReadOnlyList<WebSocketExtension> Extensions => Connection.Extensions;

    /// <summary>Returns the active extension of a type.</summary>
    /// <typeparam name="TExtension">The extension's type or a base type; the first match counts.</typeparam>
    /// <exception cref="InvalidOperationException">
    /// None is active: it was not installed, or the server did not accept it.
    /// </exception>
    public TExtension Extension<TExtension>()
        where TExtension : WebSocketExtension => TryGetExtension(out TExtension? extension)
            ? extension
            : throw new InvalidOperationException(
                $"The session has no active {typeof(TExtension).Name}: it was not installed, or the server did not " +
                "accept it. Ask TryGetExtension where that may be so.");

    /// <summary>Gets the active extension of a type, if there is one.</summary>
    /// <typeparam name="TExtension">The extension's type or a base type; the first match counts.</typeparam>
    /// <param name="extension">The extension. The session disposes it.</param>
    /// <returns>True if there is one.</returns>
    public bool TryGetExtension<TExtension>([NotNullWhen(true)] out TExtension? extension)
        where TExtension : WebSocketExtension
    {
        extension = Extensions.OfType<TExtension>().FirstOrDefault();
        return extension is not null;
    }

    private protected CloseState CloseState { get; } = new();

    private protected SessionTelemetry Telemetry { get; }

    private protected ArrayPool<byte> Pool { get; }

    private protected FrameQueue Queue { get; }

    private protected StreamConnection Connection { get; }

    private protected SessionLifetime Lifetime { get; }

    /// <summary>
    /// Receives the next frame: a whole message in a default session, a frame as received in a raw one.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait only; no frame is lost.</param>
    /// <returns>The frame; null after a normal close by either side.</returns>
    /// <exception cref="WebSocketException">The session ended in another way.</exception>
    /// <exception cref="InvalidOperationException">
    /// The session receives streams: <see cref="ReceiveMode.Streams"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <example>
    /// <code>
    /// while (await session.ReceiveAsync(cancellationToken) is { } frame)
    ///     Console.WriteLine(frame is Frame.Text(var text) ? text : $"{frame.Data.Length} bytes");
    /// </code>
    /// </example>
    public ValueTask<Frame?> ReceiveAsync(CancellationToken cancellationToken = default) =>
        Incoming.ReadOrEndAsync(cancellationToken);

    // What a literal `default` is where several overloads fit: token, then options, then type.

    /// <summary>
    /// Sends a frame. Completes when it is staged in the outgoing queue, at once while there is room. Staged frames are
    /// written automatically, coalesced into few system calls.
    /// </summary>
    /// <param name="frame">
    /// A Close starts the close handshake, like <see cref="CloseAsync(CloseReason, CancellationToken)"/>, without
    /// waiting for it.
    /// </param>
    /// <param name="cancellationToken">Withdraws the frame before any of it is staged.</param>
    /// <exception cref="WebSocketClosedException">The session accepts no more frames.</exception>
    /// <exception cref="ArgumentException">
    /// The frame's text is not valid UTF-8, no extension owns its reserved bit, or its close code is not sendable.
    /// </exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">The outgoing queue was full, and it is set to close then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="NotSupportedException">
    /// The frame is a ping or pong, and the engine lacks <see cref="EngineCapability.ControlFrames"/>.
    /// </exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(Frame frame, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(frame, default, cancellationToken);

    /// <summary>Sends a frame, with options.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)" path="/node()[not(self::summary|self::param)]"/>
    /// <param name="frame">A fragmented message takes the options of its first frame.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the frame before any of it is staged.</param>
    public ValueTask SendAsync(Frame frame, SendOptions options, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(frame, options, cancellationToken);

    /// <summary>Sends a text message.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)" path="/node()[not(self::summary|self::param)]"/>
    /// <param name="text">The text, without unpaired surrogates.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <example>
    /// <code>
    /// await session.SendAsync("Hello, WebSocket!", cancellationToken);
    /// await session.SendAsync("already compressed", SendOptions.Untransformed, cancellationToken);
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(text, default(SendOptions), cancellationToken);

    /// <summary>Sends a text message, with options.</summary>
    /// <inheritdoc cref="SendAsync(string, CancellationToken)" path="/node()[not(self::summary|self::param)]"/>
    /// <param name="text">The text, without unpaired surrogates.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    public ValueTask SendAsync(string text, SendOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        int most = text.Length <= UncountedText ? text.Length * 3 : Encoding.UTF8.GetByteCount(text);
        byte[] buffer = Pool.Rent(most);
        if (Utf8.FromUtf16(text, buffer, out _, out int written, replaceInvalidSequences: false)
            != OperationStatus.Done)
        {
            Pool.Return(buffer);
            throw new ArgumentException(
                "The text holds half of a surrogate pair, which UTF-8 cannot carry. Send whole characters, or send " +
                "bytes.",
                nameof(text));
        }

        ValueTask sending = Connection.Sender.SendAsync(
            FrameType.Text, buffer.AsMemory(0, written), options, cancellationToken, isValidText: true);
        if (!sending.IsCompletedSuccessfully)
            return ReturnWhenSentAsync(sending, buffer);
        Pool.Return(buffer);
        return default;
    }

    /// <summary>Sends a binary message.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)" path="/node()[not(self::summary|self::param)]"/>
    /// <param name="data">Must not change until the call completes.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Binary, data, default, cancellationToken);

    /// <summary>Sends a binary message, with options.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="data">Must not change until the call completes.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> data, SendOptions options, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Binary, data, options, cancellationToken);

    /// <summary>Sends a message whose type is known only at run time.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="data">Must not change until the call completes.</param>
    /// <param name="type">Binary or text, which must be valid UTF-8.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not text or binary.</exception>
    [OverloadResolutionPriority(-1)]
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> data, FrameType type, CancellationToken cancellationToken = default) =>
        SendAsync(data, type, default, cancellationToken);

    /// <summary>Sends a message whose type is known only at run time, with options.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, FrameType, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="data">Must not change until the call completes.</param>
    /// <param name="type">Binary or text, which must be valid UTF-8.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    [OverloadResolutionPriority(-2)]
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> data, FrameType type, SendOptions options,
        CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(OfMessage(type), data, options, cancellationToken);

    /// <summary>
    /// Sends a message on the spot, for example in answer to a <see cref="MessageView"/>; never waits. It is staged,
    /// and written as by <c>SendAsync</c>.
    /// </summary>
    /// <param name="data">Copied. Text must be valid UTF-8.</param>
    /// <param name="type">Binary or text.</param>
    /// <returns>
    /// False, with nothing sent, if the outgoing queue is full, another sender is within a message, or the session
    /// accepts no more. <see cref="FrameChannelWriter.WaitToWriteAsync"/> waits until it may succeed.
    /// </returns>
    /// <exception cref="ArgumentException">The text is not valid UTF-8.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The type is not text or binary.</exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">The outgoing queue was full, and it is set to close then.</exception>
    /// <exception cref="WebSocketException">An extension failed; the session ends.</exception>
    public bool TrySend(ReadOnlySpan<byte> data, FrameType type = FrameType.Binary)
    {
        OfMessage(type);
        byte[] copy = Pool.Rent(data.Length);
        data.CopyTo(copy);
        try
        {
            return Connection.Sender.TrySend(type, copy.AsMemory(0, data.Length));
        }
        finally
        {
            Pool.Return(copy);
        }
    }

    /// <summary>Sends a binary message from a stream.</summary>
    /// <inheritdoc cref="SendAsync(Stream, FrameType, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(Stream content, CancellationToken cancellationToken = default) =>
        SendAsync(content, FrameType.Binary, default, cancellationToken);

    /// <summary>Sends a binary message from a stream, with options.</summary>
    /// <inheritdoc cref="SendAsync(Stream, FrameType, SendOptions, CancellationToken)"/>
    public ValueTask SendAsync(Stream content, SendOptions options, CancellationToken cancellationToken = default) =>
        SendAsync(content, FrameType.Binary, options, cancellationToken);

    /// <summary>
    /// Sends a message from a stream, in constant memory. Each fragment of at most 64 KiB is sent as soon as its bytes
    /// are read. Other messages wait until this one ends; pings, pongs and closes go between its fragments. Completes
    /// when the last fragment is staged; it waits while the outgoing queue is full.
    /// </summary>
    /// <remarks>
    /// A message that cannot be finished ends the session with 1011: the content throws, a text is not valid UTF-8, or
    /// the token is cancelled. Before the first fragment, only the call fails.
    /// </remarks>
    /// <param name="content">
    /// Read from its position to its end, with a token that also fires when the session ends. Not disposed.
    /// </param>
    /// <param name="type">Binary or text, which must be valid UTF-8.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message before any of it is staged; afterwards ends the session with 1011; ignored once the whole
    /// message is staged.
    /// </param>
    /// <exception cref="WebSocketClosedException">
    /// The session accepts no more frames, or began to close before the message ended.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// The stream cannot be read, the type is not text or binary, or a text is not valid UTF-8.
    /// </exception>
    /// <exception cref="InvalidOperationException">A fragmented message is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">
    /// The outgoing queue was full before the first fragment, and it is set to close then.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    [OverloadResolutionPriority(-1)]
    public ValueTask SendAsync(Stream content, FrameType type, CancellationToken cancellationToken = default) =>
        SendAsync(content, type, default, cancellationToken);

    /// <summary>Sends a message from a stream, with options.</summary>
    /// <inheritdoc cref="SendAsync(Stream, FrameType, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="content">Read from its position to its end; not disposed.</param>
    /// <param name="type">Binary or text, which must be valid UTF-8.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message before any of it is staged; from then until all is staged, ends the session with 1011.
    /// </param>
    [OverloadResolutionPriority(-2)]
    public ValueTask SendAsync(
        Stream content, FrameType type, SendOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (!content.CanRead)
            throw new ArgumentException("The stream cannot be read.", nameof(content));
        return StreamSender.SendAsync(
            Connection.Sender,
            CloseState,
            this,
            Pool,
            content,
            OfMessage(type),
            options,
            Completion,
            cancellationToken);
    }

    /// <summary>Sends a text message, like <see cref="SendAsync(string, CancellationToken)"/>.</summary>
    /// <inheritdoc cref="SendAsync(string, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask SendTextAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(text, default(SendOptions), cancellationToken);

    /// <summary>Sends a text message, like <see cref="SendAsync(string, SendOptions, CancellationToken)"/>.</summary>
    /// <inheritdoc cref="SendAsync(string, SendOptions, CancellationToken)"/>
    public ValueTask SendTextAsync(string text, SendOptions options, CancellationToken cancellationToken = default) =>
        SendAsync(text, options, cancellationToken);

    /// <summary>Sends a text message given as UTF-8 bytes.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)" path="/node()[not(self::summary|self::param)]"/>
    /// <param name="utf8">The text, which is checked and must not change until the call completes.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    [OverloadResolutionPriority(1)]
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Text, utf8, default, cancellationToken);

    /// <summary>Sends a text message given as UTF-8 bytes, with options.</summary>
    /// <inheritdoc cref="SendTextAsync(ReadOnlyMemory{byte}, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="utf8">The text, which is checked and must not change until the call completes.</param>
    /// <param name="options">How to send it.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    public ValueTask SendTextAsync(
        ReadOnlyMemory<byte> utf8, SendOptions options, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Text, utf8, options, cancellationToken);

    /// <summary>
    /// Sends a binary message, like <see cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.
    /// </summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask SendBinaryAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        SendAsync(data, cancellationToken);

    /// <summary>
    /// Sends a binary message, like <see cref="SendAsync(ReadOnlyMemory{byte}, SendOptions, CancellationToken)"/>.
    /// </summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, SendOptions, CancellationToken)"/>
    public ValueTask SendBinaryAsync(
        ReadOnlyMemory<byte> data, SendOptions options, CancellationToken cancellationToken = default) =>
        SendAsync(data, options, cancellationToken);

    /// <summary>
    /// Completes when the transport has accepted everything staged before the call. Staged frames are written without
    /// it, too.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait only; staged frames are still written.</param>
    /// <exception cref="WebSocketClosedException">The connection ended first.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await Connection.Pump.FlushAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            throw CloseState.ToSendException(Queue.Dropped);
        }
    }

    /// <summary>Closes with 1000: sends what is staged, then our Close, and waits for the peer's.</summary>
    /// <inheritdoc cref="CloseAsync(CloseReason, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public Task<CloseResult> CloseAsync(CancellationToken cancellationToken = default) =>
        CloseAsync(CloseReason.Normal, cancellationToken);

    /// <summary>
    /// Closes: sends what is staged, then our Close, and waits for the peer's. Idempotent: the first reason wins, and
    /// all callers get the same result.
    /// </summary>
    /// <remarks>
    /// Messages that arrive before the peer's Close can still be received. They are discarded only if
    /// <see cref="Incoming"/> stays full, with nothing taken from it, for a quarter to a half of the close timeout. If
    /// that is infinite, the time is 1.25 to 2.5 s. <see cref="CloseResult.DiscardedMessages"/> counts them, and a
    /// receiver gets a <see cref="WebSocketClosedException"/> after the last message kept. So a call by the only
    /// receiver of a busy feed can take that long: let another task keep receiving.
    /// </remarks>
    /// <param name="reason">The code and text of our Close; null means 1000.</param>
    /// <param name="cancellationToken">
    /// Cancels the wait only; the close continues, bounded by the close timeout.
    /// </param>
    /// <returns>How the session ended. Errors are in the result, not thrown.</returns>
    /// <exception cref="ArgumentException">The code must not be sent. The session is unchanged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<CloseResult> CloseAsync(CloseReason? reason, CancellationToken cancellationToken = default)
    {
        reason ??= CloseReason.Normal;
        if (!reason.IsSendable)
        {
            throw new ArgumentException(
                $"The close code {(ushort)reason.Code} must not be sent (RFC 6455 §7.4). Use 1000-1003, 1007-1014, " +
                "or 3000-4999 for your own.",
                nameof(reason));
        }

        return Lifetime.CloseAsync(CloseCause.Local(reason), cancellationToken);
    }

    /// <summary>
    /// Closes with a code and a text: sends what is staged, then our Close, and waits for the peer's.
    /// </summary>
    /// <inheritdoc cref="CloseAsync(CloseReason, CancellationToken)" path="/node()[not(self::summary|self::param)]"/>
    /// <param name="code">The code. Cast a number for your own: <c>(CloseCode)4000</c>.</param>
    /// <param name="message">
    /// At most 123 bytes in UTF-8; <see cref="CloseReason.Truncated(CloseCode, string)"/> cuts a longer text.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait only; the close continues.</param>
    /// <exception cref="ArgumentException">
    /// The code must not be sent, or the text is too long. The session is unchanged.
    /// </exception>
    /// <example>
    /// <code>
    /// CloseResult end = await session.CloseAsync(CloseCode.NormalClosure, "done", cancellationToken);
    /// Console.WriteLine(end.WasClean ? "Both sides closed." : $"The session was lost: {end.Error?.Message}");
    /// </code>
    /// </example>
    [OverloadResolutionPriority(-1)]
    public Task<CloseResult> CloseAsync(
        CloseCode code, string message = "", CancellationToken cancellationToken = default) =>
        CloseAsync(new CloseReason(code, message), cancellationToken);

    /// <summary>
    /// Closes because of an error on our side: the peer gets 1011 without a text, <see cref="CloseResult.Error"/> holds
    /// the error, and unreceived messages are dropped.
    /// </summary>
    /// <param name="error">The error; not sent to the peer.</param>
    /// <param name="cancellationToken">Cancels the wait only; the close continues.</param>
    /// <returns>How the session ended. Errors are in the result, not thrown.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<CloseResult> CloseWithErrorAsync(Exception error, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(error);
        return Lifetime.CloseAsync(
            CloseCause.CloseAndDiscard(new CloseReason(CloseCode.InternalError), error), cancellationToken);
    }

    /// <summary>
    /// Ends the session immediately, without a Close. Staged frames may be lost; unreceived messages are dropped.
    /// </summary>
    public void Abort() => Lifetime.Abort();

    /// <summary>
    /// Closes with 1000 if not closed yet, drops unreceived messages, and waits until the transport is released: at
    /// most the close timeout plus one second, and one more if the transport ignores its disposal. Idempotent. Never
    /// throws.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await Lifetime.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether the end was begun by a call that closes or aborts, not by a fault or the peer.</summary>
    internal bool IsClosedByCaller => CloseState.Cause is { IsCallers: true };

    /// <summary>Ends the session as lost: what was received before can still be taken.</summary>
    internal void Lose(Exception error) => Lifetime.TryEnd(CloseCause.Lost(error));

    /// <summary>Timestamps of receiving; takes the loop's thread back from a consumer that blocks it.</summary>
    internal (long LastMessage, long LastResume, bool IsPaused) SightReceiving()
    {
        ReceiveLoop receiving = Connection.Receiving;
        receiving.Reclaim();
        bool isPaused = receiving.IsPaused; // before the times, which the loop sets first
        return (receiving.LastMessage, receiving.LastResume, isPaused);
    }

    internal void CloseAndDiscard(CloseReason reason) => Lifetime.TryClose(CloseCause.CloseAndDiscard(reason));

    private static FrameType OfMessage(FrameType type) => type is FrameType.Text or FrameType.Binary
        ? type
        : throw new ArgumentOutOfRangeException(nameof(type), type, "A message is text or binary.");

    private async ValueTask ReturnWhenSentAsync(ValueTask sending, byte[] buffer)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        finally
        {
            Pool.Return(buffer);
        }
    }

    void ISessionEvents.OnPing(ReadOnlySpan<byte> payload) => OnPing(payload);

    void ISessionEvents.OnPong(ReadOnlySpan<byte> payload) => OnPong(payload);

    bool ISessionEvents.OnMessage(Frame message) => OnMessage(message);

    bool ISessionEvents.OnIncomingOverflow(Frame frame) => Lifetime.TryEnd(CloseCause.Failure(
        new CloseReason(CloseCode.InternalError),
        new ChannelOverflowException(
            $"The incoming queue was full when a {frame.Type} frame of {frame.Data.Length} bytes came, " +
            "and it is set to close the session then. " +
            "Receive faster, give Channels.Incoming more room, or let it suspend.")));

    void ISessionEvents.OnBatchEnd(long lastInbound) => Connection.Pump.OnReceived(lastInbound);

    void ISessionEvents.OnPeerClose(CloseReason reason) => Lifetime.OnPeerClose(reason, AnswersClose);

    void ISessionEvents.OnReceiveEnd(ProtocolViolation? violation, Exception? error) =>
        Lifetime.OnReceiveEnd(violation, error);

    bool ISessionEvents.OnCloseRequested(CloseReason reason, Exception? error) =>
        Lifetime.TryClose(CloseCause.Local(reason, error));

    void ISessionEvents.OnSendFault(CloseCode code, WebSocketException error) =>
        Lifetime.TryEnd(CloseCause.Failure(new CloseReason(code), error));

    void ISessionEvents.OnOutgoingOverflow(ChannelOverflowException error) =>
        Lifetime.TryEnd(CloseCause.SendOverflow(error));

    void ISessionEvents.OnWritePending() => OnWritePending();

    void ISessionEvents.OnWriteFailed(Exception error) => Lifetime.OnWriteFailed(error);

    void ISessionEvents.OnPeerLost(TimeoutException error) => Lifetime.TryEnd(CloseCause.Lost(error));

    // A raw session leaves pings and pongs to its user, as frames of its queue, and sends no pings.

    private protected abstract bool AnswersClose { get; }

    private protected virtual bool OnMessage(Frame message) => false;

    private protected virtual void OnPing(ReadOnlySpan<byte> payload)
    {
    }

    private protected virtual void OnPong(ReadOnlySpan<byte> payload)
    {
    }

    private protected virtual void OnWritePending()
    {
    }
}
