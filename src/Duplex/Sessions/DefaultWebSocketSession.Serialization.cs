using System.Runtime.CompilerServices;

namespace Duplex;

public partial class DefaultWebSocketSession
{
    /// <summary>
    /// The converter for calls that pass none; default: the options'. It can be set at any time, for later calls.
    /// </summary>
    public WebSocketContentConverter? Converter { get; set; }

    /// <summary>Sends a value as one message, with the session's <see cref="Converter"/>.</summary>
    /// <inheritdoc cref="SendSerializedAsync{T}(T, WebSocketContentConverter, CancellationToken)"/>
    [OverloadResolutionPriority(1)] // a literal `default` is the token
    public ValueTask SendSerializedAsync<T>(T value, CancellationToken cancellationToken = default) =>
        SendSerializedAsync(value, Converter ?? throw Missing(), default, cancellationToken);

    /// <summary>Sends a value as one message, with the session's <see cref="Converter"/> and with options.</summary>
    /// <inheritdoc cref="SendSerializedAsync{T}(T, WebSocketContentConverter, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="value">The value.</param>
    /// <param name="options">How the message is sent, for example not compressed.</param>
    /// <param name="cancellationToken">Withdraws a message that is not staged yet; ignored afterwards.</param>
    public ValueTask SendSerializedAsync<T>(
        T value, SendOptions options, CancellationToken cancellationToken = default) =>
        SendSerializedAsync(value, Converter ?? throw Missing(), options, cancellationToken);

    /// <summary>
    /// Sends a value as one message. The value is serialized before the call returns; the call completes when the
    /// message is staged, like <see cref="WebSocketSession.SendAsync(Frame, CancellationToken)"/>.
    /// </summary>
    /// <remarks>
    /// If the value cannot be serialized, the call throws the converter's exception and sends nothing.
    /// </remarks>
    /// <typeparam name="T">The declared type, which the value is written as.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="converter">The converter for this call.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <exception cref="WebSocketConverterNotFoundException">
    /// There is no converter, or it does not know the type.
    /// </exception>
    /// <exception cref="WebSocketClosedException">The session accepts no more frames.</exception>
    /// <exception cref="ArgumentException">The converter wrote text that is not valid UTF-8.</exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">The outgoing queue was full, and it is set to close then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendSerializedAsync<T>(
        T value, WebSocketContentConverter converter, CancellationToken cancellationToken = default) =>
        SendSerializedAsync(value, converter, default, cancellationToken);

    /// <summary>Sends a value as one message, with options.</summary>
    /// <inheritdoc cref="SendSerializedAsync{T}(T, WebSocketContentConverter, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="value">The value.</param>
    /// <param name="converter">The converter for this call.</param>
    /// <param name="options">How the message is sent, for example not compressed.</param>
    /// <param name="cancellationToken">Withdraws a message that is not staged yet; ignored afterwards.</param>
    public ValueTask SendSerializedAsync<T>(
        T value,
        WebSocketContentConverter converter,
        SendOptions options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(converter);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        var output = new PooledBufferWriter(Pool);
        try
        {
            return SendAndDispose(converter.Serialize(output, value), output, converter, options, cancellationToken);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>Sends a value of a type known only at run time, with the session's <see cref="Converter"/>.</summary>
    /// <inheritdoc cref="SendSerializedAsync(object, Type, WebSocketContentConverter, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask SendSerializedAsync(object? value, Type type, CancellationToken cancellationToken = default) =>
        SendSerializedAsync(value, type, Converter ?? throw Missing(), cancellationToken);

    /// <summary>Sends a value of a type known only at run time.</summary>
    /// <inheritdoc cref="SendSerializedAsync{T}(T, WebSocketContentConverter, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="value">The value.</param>
    /// <param name="type">The type to write the value as; its own may derive from it.</param>
    /// <param name="converter">The converter for this call.</param>
    /// <param name="cancellationToken">Withdraws the message before it is staged.</param>
    /// <exception cref="ArgumentException">
    /// The value is not of the type, or the converter wrote text that is not valid UTF-8.
    /// </exception>
    public ValueTask SendSerializedAsync(
        object? value, Type type, WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (value is null ? !WebSocketContentConverter.CanBeNull(type) : !type.IsInstanceOfType(value))
        {
            throw new ArgumentException(
                $"The value is {value?.GetType().ToString() ?? "null"}, which is not a {type}. " +
                "Pass the value's type or one that it derives from.",
                nameof(value));
        }

        ArgumentNullException.ThrowIfNull(converter);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        var output = new PooledBufferWriter(Pool);
        try
        {
            return SendAndDispose(
                converter.Serialize(output, value, type), output, converter, default, cancellationToken);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>Receives the next message and returns its value, with the session's <see cref="Converter"/>.</summary>
    /// <inheritdoc cref="ReceiveDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public ValueTask<T?> ReceiveDeserializedAsync<T>(CancellationToken cancellationToken = default) =>
        ReceiveDeserializedAsync<T>(Converter ?? throw Missing(), cancellationToken);

    /// <summary>Receives the next message and returns its value.</summary>
    /// <remarks>A message that cannot be deserialized is also consumed; the exception holds it.</remarks>
    /// <typeparam name="T">The value's type; nullable if messages may hold null.</typeparam>
    /// <param name="converter">The converter for this call.</param>
    /// <param name="cancellationToken">Cancels the wait only; no message is lost.</param>
    /// <returns>The value; null if the message holds null.</returns>
    /// <exception cref="WebSocketDeserializeException">
    /// The message is malformed, of a kind that the converter does not read, or its value does not fit the type. The
    /// session stays open.
    /// </exception>
    /// <exception cref="WebSocketConverterNotFoundException">
    /// The session has no converter (no message is consumed), or the converter does not know the type (one is
    /// consumed).
    /// </exception>
    /// <exception cref="WebSocketClosedException">The session is closed.</exception>
    /// <exception cref="InvalidOperationException">
    /// The session receives streams: <see cref="ReceiveMode.Streams"/>.
    /// </exception>
    /// <exception cref="WebSocketException">The session ended in another way.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<T?> ReceiveDeserializedAsync<T>(
        WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(converter);
        return ReceiveValueAsync<T>(converter, cancellationToken);
    }

    /// <summary>
    /// Receives the next message and returns its value, of a type known only at run time, with the session's
    /// <see cref="Converter"/>.
    /// </summary>
    /// <inheritdoc cref="ReceiveDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="type">The value's type; nullable if messages may hold null.</param>
    /// <param name="cancellationToken">Cancels the wait only; no message is lost.</param>
    [OverloadResolutionPriority(1)]
    public ValueTask<object?> ReceiveDeserializedAsync(Type type, CancellationToken cancellationToken = default) =>
        ReceiveDeserializedAsync(type, Converter ?? throw Missing(), cancellationToken);

    /// <summary>Receives the next message and returns its value, of a type known only at run time.</summary>
    /// <inheritdoc cref="ReceiveDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="type">The value's type; nullable if messages may hold null.</param>
    /// <param name="converter">The converter for this call.</param>
    /// <param name="cancellationToken">Cancels the wait only; no message is lost.</param>
    public ValueTask<object?> ReceiveDeserializedAsync(
        Type type, WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(converter);
        return ReceiveValueAsync(type, converter, cancellationToken);
    }

    /// <summary>
    /// Enumerates the values of all further messages, with the session's <see cref="Converter"/> at the call.
    /// </summary>
    /// <inheritdoc cref="ReceiveAllDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public IAsyncEnumerable<T?> ReceiveAllDeserializedAsync<T>(CancellationToken cancellationToken = default) =>
        ReceiveAllDeserializedAsync<T>(Converter ?? throw Missing(), cancellationToken);

    /// <summary>
    /// Enumerates the values of all further messages. It ends normally after a close, and throws after any other end.
    /// </summary>
    /// <remarks>
    /// A message that cannot be deserialized ends the enumeration with its exception, but not the session; a new
    /// enumeration starts with the next message. The converter stays the same.
    /// </remarks>
    /// <typeparam name="T">The values' type; nullable if messages may hold null.</typeparam>
    /// <param name="converter">The converter for this enumeration.</param>
    /// <param name="cancellationToken">Cancels the enumeration only.</param>
    /// <exception cref="WebSocketConverterNotFoundException">
    /// At the call: the session has no converter. While enumerating: the converter does not know the type.
    /// </exception>
    /// <exception cref="WebSocketDeserializeException">
    /// While enumerating: a message is malformed, of a kind that the converter does not read, or its value does not fit
    /// the type.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// While enumerating: the session receives streams (<see cref="ReceiveMode.Streams"/>).
    /// </exception>
    /// <exception cref="WebSocketException">While enumerating: the session ended without a close.</exception>
    /// <exception cref="OperationCanceledException">While enumerating: the token was cancelled.</exception>
    public IAsyncEnumerable<T?> ReceiveAllDeserializedAsync<T>(
        WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(converter);
        return EnumerateAsync<T>(converter, cancellationToken);
    }

    /// <summary>Every end of the session throws <see cref="WebSocketClosedException"/>.</summary>
    internal async ValueTask<T?> ReceiveOrThrowClosedAsync<T>(
        WebSocketContentConverter converter, CancellationToken token)
    {
        try
        {
            return await ReceiveValueAsync<T>(converter, token).ConfigureAwait(false);
        }
        catch (WebSocketException e) when (e is not (
            WebSocketClosedException or WebSocketDeserializeException or WebSocketConverterNotFoundException))
        {
            throw new WebSocketClosedException(
                $"No more messages will come from the WebSocket session: {e.Message}",
                CloseState.ToResult(Queue.Dropped),
                e);
        }
    }

    private async IAsyncEnumerable<T?> EnumerateAsync<T>(
        WebSocketContentConverter converter, [EnumeratorCancellation] CancellationToken token)
    {
        do
        {
            while (!token.IsCancellationRequested && TryReceiveValue(converter, out T? value))
                yield return value;
        }
        while (await Incoming.WaitToReadAsync(token).ConfigureAwait(false));
    }

    private async ValueTask<T?> ReceiveValueAsync<T>(WebSocketContentConverter converter, CancellationToken token)
    {
        do
        {
            if (!token.IsCancellationRequested && TryReceiveValue(converter, out T? value))
                return value;
        }
        while (await Incoming.WaitToReadAsync(token).ConfigureAwait(false));
        return Deserialize<T>(converter, await Incoming.ReadAsync(token).ConfigureAwait(false)); // throws the end
    }

    private bool TryReceiveValue<T>(WebSocketContentConverter converter, out T? value)
    {
        if (converter is JsonContentConverter json
            && Connection.Messages is { } messages && messages.TryView(out MessageView message))
        {
            try
            {
                value = json.Reads(message.Type)
                    ? Deserialize<T>(json, message)
                    : Deserialize<T>(converter, message.ToFrame()); // throws
            }
            finally
            {
                messages.EndView();
            }

            return true;
        }

        bool isReceived = Incoming.TryRead(out Frame? frame);
        value = isReceived ? Deserialize<T>(converter, frame!) : default;
        return isReceived;
    }

    private static T? Deserialize<T>(JsonContentConverter converter, in MessageView message)
    {
        try
        {
            return converter.Deserialize<T>(message);
        }
        catch (Exception e) when (IsForeign(e))
        {
            throw Failed(converter, message.ToFrame(), typeof(T), e); // the exception holds the message
        }
    }

    private async ValueTask<object?> ReceiveValueAsync(
        Type type, WebSocketContentConverter converter, CancellationToken token) =>
        Deserialize(type, converter, await Incoming.ReadAsync(token).ConfigureAwait(false));

    private static T? Deserialize<T>(WebSocketContentConverter converter, Frame frame)
    {
        T? value;
        try
        {
            CheckApplicable(converter, frame);
            value = converter.Deserialize<T>(frame);
        }
        catch (Exception e) when (IsForeign(e))
        {
            throw Failed(converter, frame, typeof(T), e);
        }

        if (converter.CopiesPayload)
            frame.Recycle();
        return value;
    }

    private static object? Deserialize(Type type, WebSocketContentConverter converter, Frame frame)
    {
        object? value;
        try
        {
            CheckApplicable(converter, frame);
            value = WebSocketContentConverter.Fitting(converter.Deserialize(frame, type), frame, type);
        }
        catch (Exception e) when (IsForeign(e))
        {
            throw Failed(converter, frame, type, e);
        }

        if (converter.CopiesPayload)
            frame.Recycle();
        return value;
    }

    private static void CheckApplicable(WebSocketContentConverter converter, Frame frame)
    {
        if (!converter.IsApplicable(frame))
        {
            throw new WebSocketDeserializeException(
                $"The {converter.GetType().Name} does not read {frame.Type} messages. {converter.AdviceFor(frame)}",
                frame);
        }
    }

    private static bool IsForeign(Exception e) =>
        e is not (WebSocketDeserializeException { Frame: not null } or WebSocketConverterNotFoundException);

    // Without the payload, which may hold secrets.
    private static WebSocketDeserializeException Failed(
        WebSocketContentConverter converter, Frame frame, Type type, Exception error) =>
        new(
            $"A {frame.Type} message of {frame.Data.Length} bytes cannot be read as {type} by the " +
            $"{converter.GetType().Name}: see the inner exception.",
            frame,
            error);

    private static WebSocketConverterNotFoundException Missing() => new(
        "The WebSocket session has no converter. Set WebSocketsOptions.ContentConverter or the session's " +
        "Converter, or pass one to the call.");

    // The send borrows the memory until it completes.
    private ValueTask SendAndDispose(
        FrameType type,
        PooledBufferWriter output,
        WebSocketContentConverter converter,
        SendOptions options,
        CancellationToken token)
    {
        if (type is not (FrameType.Text or FrameType.Binary))
        {
            throw new InvalidOperationException(
                $"The {converter.GetType().Name} serialized a value as a {type} message. A converter must return " +
                "Text or Binary.");
        }

        ValueTask sending = Connection.Sender.SendAsync(type, output.Written, options, token);
        if (!sending.IsCompletedSuccessfully)
            return DisposeWhenSentAsync(sending, output);
        output.Dispose();
        return default;
    }

    private static async ValueTask DisposeWhenSentAsync(ValueTask sending, PooledBufferWriter output)
    {
        using (output)
            await sending.ConfigureAwait(false);
    }
}
