using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Duplex;

/// <summary>
/// One WebSocket connection from open to ended. <see cref="DefaultWebSocketSession"/> answers pings, merges fragments and closes politely; <see cref="RawWebSocketSession"/> gives
/// every frame as it came and answers nothing.
/// </summary>
/// <remarks>
/// <para>Thread-safe, all of it: any number of senders and receivers, at any time, in any state.</para>
/// <para>
/// Dispose it: that closes politely, bounded by the close timeout and a second. <see cref="Abort"/> is the only violent end. A session that is neither closed nor disposed lives on until
/// the connection ends: it keeps its socket, sends its pings and fills <see cref="Incoming"/>, also when nothing refers to it any more. There is no finalizer.
/// </para>
/// </remarks>
public abstract class WebSocketSession : IAsyncDisposable, ISessionEvents
{
    // Up to here a text's UTF-8 is as good as certain to fit a pool's common buffers at three bytes a character, which spares counting them first.
    private const int UncountedText = 4096;

    private readonly FrameChannelReader? _incoming;

    // Set once, from null, by the first that asks: most sessions send without it.
    private FrameChannelWriter? _outgoing;

    private protected WebSocketSession(Stream stream, IDisposable owner, AssemblerOutput output, SessionSettings settings)
    {
        Log = new SessionLog(settings.Logger, settings.Target);
        Queue = new FrameQueue(settings.Incoming, CloseState, ofPieces: output == AssemblerOutput.Pieces);
        Connection = new StreamConnection(stream, owner, output, Queue, CloseState, this, Log, settings.Connection);
        Lifetime = new SessionLifetime(Connection, CloseState, Queue, Log, settings);
        Pool = settings.Connection.Pool;
        if (output != AssemblerOutput.Pieces)
            _incoming = new FrameChannelReader(Queue, Connection.Receiving, CloseState);
    }

    /// <summary>The session's id: short, and unique among the sessions of this process. Every log line of the session has it.</summary>
    public string Id => Log.Id;

    /// <summary>
    /// The messages received from the peer, in order. Enumeration ends normally after a close, when every message up to the peer's
    /// Close was delivered. It throws if the connection was lost, or if messages had to be discarded.
    /// </summary>
    /// <remarks>
    /// It is bounded by <see cref="WebSocketChannelsOptions.Incoming"/>. While it is full nothing is read, so the peer's pings are not
    /// answered, and many servers then close with 1011. Receive in a loop that never waits long, and hand slow work to a task or
    /// channel of your own; or raise the bound. A queue that stays full for longer than the ping interval is logged as a warning.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The session receives streams: <see cref="ReceiveMode.Streams"/>.</exception>
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
        "The session was opened with ReceiveMode.Streams, so it has no Incoming. Receive with ReceiveStreamAsync, or open it with ReceiveMode.Messages.");

    /// <summary>What we send, as a channel; the <c>SendAsync</c> methods do the same.</summary>
    public FrameChannelWriter Outgoing => _outgoing ?? Interlocked.CompareExchange(ref _outgoing, new FrameChannelWriter(Connection.Sender, this), null) ?? _outgoing;

    /// <summary>
    /// The largest payload of a received frame, in bytes; a larger one ends the session with 1009. Settable at any time; it holds from the next frame header on. Where messages are received
    /// as streams nothing is limited by default, which is <see cref="long.MaxValue"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive, or, where frames or messages are received, more than one array holds.</exception>
    /// <exception cref="NotSupportedException">The engine lacks <see cref="EngineCapability.FrameLimits"/>.</exception>
    public long MaxFrameSize
    {
        get => Connection.MaxFrameSize;
        set
        {
            Connection.Engine.Require(EngineCapability.FrameLimits, nameof(MaxFrameSize));
            Connection.MaxFrameSize = value;
        }
    }

    /// <summary>Whether what we send is masked: always on a client, never on a server (RFC 6455 §5.1).</summary>
    public bool Masking => Connection.Role == WebSocketRole.Client;

    /// <summary>Where the session stands.</summary>
    public WebSocketSessionState State => CloseState.State;

    /// <summary>How many bytes were sent and not accepted by the transport yet, headers included.</summary>
    public long BufferedBytes => Connection.Pump.BufferedBytes;

    /// <summary>Completes once, with how the session ended, after the transport is released. Never faults.</summary>
    public Task<CloseResult> Completion => Lifetime.Completion;

    /// <summary>Fires with <see cref="Completion"/>; callbacks run on the thread pool.</summary>
    public CancellationToken Closed => Lifetime.Closed;

    /// <summary>The session's active extensions, in the order in which a message that is sent passes them; on the way in it is the reverse. A raw session has none.</summary>
    public IReadOnlyList<WebSocketExtension> Extensions => Connection.Extensions;

    /// <summary>The active extension of a type.</summary>
    /// <typeparam name="TExtension">The extension's type, or a base of it; the first that fits is given.</typeparam>
    /// <exception cref="InvalidOperationException">None is active: it was not installed, or the server did not accept it.</exception>
    public TExtension Extension<TExtension>()
        where TExtension : WebSocketExtension => TryGetExtension(out TExtension? extension)
            ? extension
            : throw new InvalidOperationException(
                $"The session has no active {typeof(TExtension).Name}: it was not installed, or the server did not accept it. Ask TryGetExtension where that may be so.");

    /// <summary>The active extension of a type, if there is one.</summary>
    /// <typeparam name="TExtension">The extension's type, or a base of it; the first that fits is given.</typeparam>
    /// <param name="extension">The extension. Its session disposes it.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGetExtension<TExtension>([NotNullWhen(true)] out TExtension? extension)
        where TExtension : WebSocketExtension
    {
        extension = Extensions.OfType<TExtension>().FirstOrDefault();
        return extension is not null;
    }

    private protected CloseState CloseState { get; } = new();

    private protected SessionLog Log { get; }

    private protected ArrayPool<byte> Pool { get; }

    private protected FrameQueue Queue { get; }

    private protected StreamConnection Connection { get; }

    private protected SessionLifetime Lifetime { get; }

    /// <summary>
    /// Receives the next frame, waiting for it: on a default session a whole message, on a raw one what came on the
    /// wire.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no frame is lost.</param>
    /// <returns>The frame; null after a normal end, when the peer or this side closed.</returns>
    /// <exception cref="WebSocketException">The session ended in any other way: what happened.</exception>
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

    // The priorities say what a literal `default` means where several overloads fit: the token first, then the options, then the type.

    /// <summary>
    /// Sends a frame. Completes when it is staged, which is at once as long as there is room. Staged frames go out by
    /// themselves, many in one system call.
    /// </summary>
    /// <param name="frame">
    /// The frame. A Close begins the close handshake, as <see cref="CloseAsync(CloseReason, CancellationToken)"/>
    /// does, without waiting for it.
    /// </param>
    /// <param name="cancellationToken">Withdraws the frame as long as nothing of it is staged; ignored from then on. Never harms the session.</param>
    /// <exception cref="WebSocketClosedException">The session takes no more frames.</exception>
    /// <exception cref="ArgumentException">
    /// The frame must not be sent: invalid UTF-8 in a text, a reserved bit that no extension owns, an unsendable close
    /// code.
    /// </exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">There was no room, and the outgoing queue is set to close then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the frame was staged.</exception>
    /// <exception cref="NotSupportedException">It is a ping or a pong, and the engine lacks <see cref="EngineCapability.ControlFrames"/>.</exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(Frame frame, CancellationToken cancellationToken = default) => Connection.Sender.SendAsync(frame, default, cancellationToken);

    /// <summary>Sends a frame, with options.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)"/>
    /// <param name="frame">The frame. The options of a fragmented message are those of its first frame.</param>
    /// <param name="options">How the frame is sent, for example not compressed.</param>
    /// <param name="cancellationToken">
    /// Withdraws the frame as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    public ValueTask SendAsync(Frame frame, SendOptions options, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(frame, options, cancellationToken);

    /// <summary>Sends a text message.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)"/>
    /// <param name="text">The text, without unpaired surrogates.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    /// <example>
    /// <code>
    /// await session.SendAsync("Hello, WebSocket!", cancellationToken);
    /// await session.SendAsync("already compressed", SendOptions.Untransformed, cancellationToken);
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default) => SendAsync(text, default(SendOptions), cancellationToken);

    /// <summary>Sends a text message, with options.</summary>
    /// <inheritdoc cref="SendAsync(string, CancellationToken)"/>
    /// <param name="text">The text, without unpaired surrogates.</param>
    /// <param name="options">How the message is sent, for example not compressed.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    public ValueTask SendAsync(string text, SendOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        int most = text.Length <= UncountedText ? text.Length * 3 : Encoding.UTF8.GetByteCount(text);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(most);
        if (Utf8.FromUtf16(text, buffer, out _, out int written, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw new ArgumentException("The text holds half of a surrogate pair, which UTF-8 cannot carry. Send whole characters, or send bytes.", nameof(text));
        }

        ValueTask sending = Connection.Sender.SendAsync(FrameType.Text, buffer.AsMemory(0, written), options, cancellationToken, isValidText: true);
        if (!sending.IsCompletedSuccessfully)
            return ReturnWhenSentAsync(sending, buffer);
        ArrayPool<byte>.Shared.Return(buffer);
        return default;
    }

    /// <summary>Sends a binary message.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)"/>
    /// <param name="data">The bytes; borrowed until the call completes.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Binary, data, default, cancellationToken);

    /// <summary>Sends a binary message, with options.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="data">The bytes; borrowed until the call completes.</param>
    /// <param name="options">How the message is sent, for example not compressed.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> data, SendOptions options, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Binary, data, options, cancellationToken);

    /// <summary>Sends a message whose type is known at run time only.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="data">The bytes; borrowed until the call completes.</param>
    /// <param name="type">Binary, or text, whose bytes must be UTF-8, which is checked.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The type is that of a control frame, or none.</exception>
    [OverloadResolutionPriority(-1)]
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> data, FrameType type, CancellationToken cancellationToken = default) =>
        SendAsync(data, type, default, cancellationToken);

    /// <summary>Sends a message whose type is known at run time only, with options.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, FrameType, CancellationToken)"/>
    /// <param name="data">The bytes; borrowed until the call completes.</param>
    /// <param name="type">Binary, or text, whose bytes must be UTF-8, which is checked.</param>
    /// <param name="options">How the message is sent, for example not compressed.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    [OverloadResolutionPriority(-2)]
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> data, FrameType type, SendOptions options,
        CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(OfMessage(type), data, options, cancellationToken);

    /// <summary>
    /// Sends a binary message whose content comes from a stream: see <see cref="SendAsync(Stream, FrameType,
    /// CancellationToken)"/>.
    /// </summary>
    /// <inheritdoc cref="SendAsync(Stream, FrameType, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(Stream content, CancellationToken cancellationToken = default) =>
        SendAsync(content, FrameType.Binary, default, cancellationToken);

    /// <summary>Sends a binary message whose content comes from a stream, with options.</summary>
    /// <inheritdoc cref="SendAsync(Stream, FrameType, SendOptions, CancellationToken)"/>
    public ValueTask SendAsync(Stream content, SendOptions options, CancellationToken cancellationToken = default) =>
        SendAsync(content, FrameType.Binary, options, cancellationToken);

    /// <summary>
    /// Sends a message whose content comes from a stream, in constant memory: fragments of at most 64 KiB, each as soon
    /// as its bytes are read, until the stream ends. Other messages wait for its end; pings, pongs and closes go
    /// between its fragments. Completes when the last fragment is staged, and waits for room whenever the outgoing
    /// queue is full.
    /// </summary>
    /// <remarks>
    /// A message that cannot be finished ends the session with 1011: the content throws, or is text and not UTF-8, or
    /// the token fires after the first fragment. Before the first fragment it leaves no trace.
    /// </remarks>
    /// <param name="content">The content, from its present position to its end. It is read with a token that also fires when the session ends, and is not disposed.</param>
    /// <param name="type">Binary, or text, whose content must be UTF-8, which is checked.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; from then on it ends the session with 1011, and is ignored once all is staged.</param>
    /// <exception cref="WebSocketClosedException">The session takes no more frames, or its end began before the message's.</exception>
    /// <exception cref="ArgumentException">The stream cannot be read, the type is that of a control frame, or a text is not valid UTF-8.</exception>
    /// <exception cref="InvalidOperationException">A message that was begun by a frame without fin is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">There was no room for the first fragment, and the outgoing queue is set to close then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before all was staged.</exception>
    [OverloadResolutionPriority(-1)]
    public ValueTask SendAsync(Stream content, FrameType type, CancellationToken cancellationToken = default) =>
        SendAsync(content, type, default, cancellationToken);

    /// <summary>Sends a message whose content comes from a stream, with options.</summary>
    /// <inheritdoc cref="SendAsync(Stream, FrameType, CancellationToken)"/>
    /// <param name="content">The content, from its present position to its end. It is read with a token that also fires when the session ends, and is not disposed.</param>
    /// <param name="type">Binary, or text, whose content must be UTF-8, which is checked.</param>
    /// <param name="options">How the message is sent, for example not compressed.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; from then on it ends the session with 1011, and is ignored once all is staged.</param>
    [OverloadResolutionPriority(-2)]
    public ValueTask SendAsync(
        Stream content, FrameType type, SendOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (!content.CanRead)
            throw new ArgumentException("The stream cannot be read.", nameof(content));
        return StreamSender.SendAsync(Connection.Sender, CloseState, this, Pool, content, OfMessage(type), options, Completion, cancellationToken);
    }

    /// <summary>Sends a text message: the same as <see cref="SendAsync(string, CancellationToken)"/>.</summary>
    /// <inheritdoc cref="SendAsync(string, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask SendTextAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(text, default(SendOptions), cancellationToken);

    /// <summary>
    /// Sends a text message, with options: the same as <see cref="SendAsync(string, SendOptions,
    /// CancellationToken)"/>.
    /// </summary>
    /// <inheritdoc cref="SendAsync(string, SendOptions, CancellationToken)"/>
    public ValueTask SendTextAsync(string text, SendOptions options, CancellationToken cancellationToken = default) =>
        SendAsync(text, options, cancellationToken);

    /// <summary>Sends a text message that is UTF-8 already.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)"/>
    /// <param name="utf8">The text in UTF-8, which is checked; borrowed until the call completes.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    [OverloadResolutionPriority(1)]
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Text, utf8, default, cancellationToken);

    /// <summary>Sends a text message that is UTF-8 already, with options.</summary>
    /// <inheritdoc cref="SendTextAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="utf8">The text in UTF-8, which is checked; borrowed until the call completes.</param>
    /// <param name="options">How the message is sent, for example not compressed.</param>
    /// <param name="cancellationToken">
    /// Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.
    /// </param>
    public ValueTask SendTextAsync(
        ReadOnlyMemory<byte> utf8, SendOptions options, CancellationToken cancellationToken = default) =>
        Connection.Sender.SendAsync(FrameType.Text, utf8, options, cancellationToken);

    /// <summary>
    /// Sends a binary message: the same as <see cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.
    /// </summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask SendBinaryAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default) =>
        SendAsync(data, cancellationToken);

    /// <summary>
    /// Sends a binary message, with options: the same as <see cref="SendAsync(ReadOnlyMemory{byte}, SendOptions,
    /// CancellationToken)"/>.
    /// </summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, SendOptions, CancellationToken)"/>
    public ValueTask SendBinaryAsync(
        ReadOnlyMemory<byte> data, SendOptions options, CancellationToken cancellationToken = default) =>
        SendAsync(data, options, cancellationToken);

    /// <summary>Completes when the transport has accepted everything that was staged before the call. Nothing needs it to go out; it only tells when it has.</summary>
    /// <param name="cancellationToken">Cancels the wait only: what is staged goes out all the same.</param>
    /// <exception cref="WebSocketClosedException">The connection ended before.</exception>
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

    /// <summary>
    /// Closes with 1000: what is staged goes out, then our Close, and the peer's answer is awaited. Idempotent and safe
    /// to call concurrently: the first reason wins, and all callers get the same result.
    /// </summary>
    /// <inheritdoc cref="CloseAsync(CloseReason, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public Task<CloseResult> CloseAsync(CancellationToken cancellationToken = default) =>
        CloseAsync(CloseReason.Normal, cancellationToken);

    /// <summary>
    /// Closes: what is staged goes out, then our Close, and the peer's answer is awaited. Idempotent and safe to call
    /// concurrently: the first reason wins, and all callers get the same result.
    /// </summary>
    /// <remarks>
    /// Messages that arrive until the peer's Close can still be received, all of them, with backpressure as before.
    /// Only if <see cref="Incoming"/> is full and nothing is taken from it for a quarter to a half of the close
    /// timeout (1.25 to 2.5 s if that is infinite) is the rest discarded: <see cref="CloseResult.DiscardedMessages"/>
    /// counts it, and a receiver gets a <see cref="WebSocketClosedException"/> after the last message that was kept.
    /// So a call by the only receiver of a busy feed can take that long: let another task go on receiving.
    /// </remarks>
    /// <param name="reason">What our Close says; null means 1000.</param>
    /// <param name="cancellationToken">Cancels the wait only: the close goes on, bounded by the close timeout.</param>
    /// <returns>How the session ended. Trouble is in it, not thrown.</returns>
    /// <exception cref="ArgumentException">The code must not be sent; the session is as it was.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<CloseResult> CloseAsync(CloseReason? reason, CancellationToken cancellationToken = default)
    {
        reason ??= CloseReason.Normal;
        if (!reason.IsSendable)
        {
            throw new ArgumentException(
                $"The close code {(ushort)reason.Code} must not be sent (RFC 6455 §7.4). Use 1000-1003, 1007-1014, or 3000-4999 for your own.", nameof(reason));
        }

        return Lifetime.CloseAsync(CloseCause.Local(reason), cancellationToken);
    }

    /// <summary>
    /// Closes with a code and a text: what is staged goes out, then our Close, and the peer's answer is awaited.
    /// Idempotent and safe to call concurrently: the first reason wins, and all callers get the same result.
    /// </summary>
    /// <inheritdoc cref="CloseAsync(CloseReason, CancellationToken)"/>
    /// <param name="code">The code; your own by a cast: <c>(CloseCode)4000</c>.</param>
    /// <param name="message">
    /// The text, at most 123 bytes in UTF-8; <see cref="CloseReason.Truncated(CloseCode, string)"/> cuts a longer one.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait only: the close goes on, bounded by the close timeout.</param>
    /// <exception cref="ArgumentException">
    /// The code must not be sent, or the text is too long; the session is as it was.
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
    /// Closes because of an error on our side. The peer gets 1011 without a text, <see cref="CloseResult.Error"/>
    /// holds the error, and messages that were not received are dropped.
    /// </summary>
    /// <param name="error">The error. Nothing of it is sent.</param>
    /// <param name="cancellationToken">Cancels the wait only: the close goes on, bounded by the close timeout.</param>
    /// <returns>How the session ended. Trouble is in it, not thrown.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<CloseResult> CloseWithErrorAsync(Exception error, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(error);
        return Lifetime.CloseAsync(CloseCause.CloseAndDiscard(new CloseReason(CloseCode.InternalError), error), cancellationToken);
    }

    /// <summary>Ends the session at once. The peer gets no Close; what was staged may be lost, what was not received is dropped. Safe in any state.</summary>
    public void Abort() => Lifetime.Abort();

    /// <summary>
    /// Closes with 1000 if nobody has closed yet, drops what was not received, and waits until the transport is released: at most the close timeout and a second, and one more
    /// where the transport ignores its own disposal.
    /// Safe in any state, any number of times, concurrently. Never throws.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await Lifetime.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins to close, and drops what was not received; does not wait.</summary>
    internal void CloseAndDiscard(CloseReason reason) => Lifetime.TryClose(CloseCause.CloseAndDiscard(reason));

    private static FrameType OfMessage(FrameType type) => type is FrameType.Text or FrameType.Binary
        ? type
        : throw new ArgumentOutOfRangeException(nameof(type), type, "A message is text or binary.");

    private static async ValueTask ReturnWhenSentAsync(ValueTask sending, byte[] buffer)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    void ISessionEvents.OnPing(ReadOnlySpan<byte> payload) => OnPing(payload);

    void ISessionEvents.OnPong(ReadOnlySpan<byte> payload) => OnPong(payload);

    bool ISessionEvents.OnIncomingOverflow(Frame frame) => Lifetime.TryEnd(CloseCause.Failure(new CloseReason(CloseCode.InternalError), new ChannelOverflowException(
        $"The incoming queue was full when a {frame.Type} frame of {frame.Data.Length} bytes came, and it is set to close the session then. " +
        "Receive faster, give Channels.Incoming more room, or let it suspend.")));

    void ISessionEvents.OnBatchEnd(long lastInbound) => Connection.Pump.OnReceived(lastInbound);

    void ISessionEvents.OnPeerClose(CloseReason reason) => Lifetime.OnPeerClose(reason, AnswersClose);

    void ISessionEvents.OnReceiveEnd(ProtocolViolation? violation, Exception? error) => Lifetime.OnReceiveEnd(violation, error);

    bool ISessionEvents.OnCloseRequested(CloseReason reason, Exception? error) => Lifetime.TryClose(CloseCause.Local(reason, error));

    void ISessionEvents.OnSendFault(CloseCode code, WebSocketException error) => Lifetime.TryEnd(CloseCause.Failure(new CloseReason(code), error));

    void ISessionEvents.OnOutgoingOverflow(ChannelOverflowException error) => Lifetime.TryEnd(CloseCause.SendOverflow(error));

    void ISessionEvents.OnWritePending() => OnWritePending();

    void ISessionEvents.OnWriteFailed(Exception error) => Lifetime.OnWriteFailed(error);

    void ISessionEvents.OnPeerLost(TimeoutException error) => Lifetime.TryEnd(CloseCause.Lost(error));

    // What a raw session leaves to its user: pings and pongs are frames of its queue, and it sends no pings.

    private protected abstract bool AnswersClose { get; }

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
