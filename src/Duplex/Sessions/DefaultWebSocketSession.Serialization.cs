using System.Runtime.CompilerServices;

namespace Duplex;

// Values instead of frames.
public partial class DefaultWebSocketSession
{
    /// <summary>
    /// What makes messages of values and values of messages, for calls that bring no converter of their own. By default what the options say. Settable at any time; it holds from the
    /// next call on.
    /// </summary>
    public WebSocketContentConverter? Converter { get; set; }

    /// <summary>Sends a value as one message, by the session's <see cref="Converter"/>.</summary>
    /// <inheritdoc cref="SendSerializedAsync{T}(T, WebSocketContentConverter, CancellationToken)"/>
    /// <param name="value">The value.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.</param>
    public ValueTask SendSerializedAsync<T>(T value, CancellationToken cancellationToken = default) => SendSerializedAsync(value, Converter ?? throw Missing(), cancellationToken);

    /// <summary>Sends a value as one message. It is serialized before the call returns; the call completes when the message is staged, as <see cref="WebSocketSession.SendAsync(Frame, CancellationToken)"/> does.</summary>
    /// <remarks>A value that cannot be serialized fails this call, with what the converter throws, and nothing is sent.</remarks>
    /// <typeparam name="T">What the value is written as. It is the declared type that counts, not the value's own.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="converter">The converter of this call.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.</param>
    /// <exception cref="WebSocketConverterNotFoundException">There is no converter, or it does not know the type.</exception>
    /// <exception cref="WebSocketClosedException">The session takes no more frames.</exception>
    /// <exception cref="ArgumentException">The converter wrote a text that is not valid UTF-8.</exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">There was no room, and the outgoing queue is set to close then.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the message was staged.</exception>
    public ValueTask SendSerializedAsync<T>(T value, WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(converter);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        var output = new PooledBufferWriter(Pool);
        try
        {
            return SendAndDispose(converter.Serialize(output, value), output, converter, cancellationToken);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>Sends a value, of a type that is known at run time only, as one message, by the session's <see cref="Converter"/>.</summary>
    /// <inheritdoc cref="SendSerializedAsync(object, Type, WebSocketContentConverter, CancellationToken)"/>
    /// <param name="value">The value.</param>
    /// <param name="type">What the value is written as; the value's own type may extend it.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.</param>
    public ValueTask SendSerializedAsync(object? value, Type type, CancellationToken cancellationToken = default) =>
        SendSerializedAsync(value, type, Converter ?? throw Missing(), cancellationToken);

    /// <summary>Sends a value, of a type that is known at run time only, as one message.</summary>
    /// <inheritdoc cref="SendSerializedAsync{T}(T, WebSocketContentConverter, CancellationToken)"/>
    /// <param name="value">The value.</param>
    /// <param name="type">What the value is written as; the value's own type may extend it.</param>
    /// <param name="converter">The converter of this call.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; ignored from then on. Never harms the session.</param>
    /// <exception cref="ArgumentException">The value is not of the type, or the converter wrote a text that is not valid UTF-8.</exception>
    public ValueTask SendSerializedAsync(object? value, Type type, WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (value is null ? !WebSocketContentConverter.CanBeNull(type) : !type.IsInstanceOfType(value))
            throw new ArgumentException($"The value is {value?.GetType().ToString() ?? "null"}, which is no {type}. Name a type that the value has.", nameof(value));
        ArgumentNullException.ThrowIfNull(converter);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        var output = new PooledBufferWriter(Pool);
        try
        {
            return SendAndDispose(converter.Serialize(output, value, type), output, converter, cancellationToken);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>Takes the next message, waiting for it, and gives its value, by the session's <see cref="Converter"/>.</summary>
    /// <inheritdoc cref="ReceiveDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"/>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no message is lost.</param>
    public ValueTask<T?> ReceiveDeserializedAsync<T>(CancellationToken cancellationToken = default) => ReceiveDeserializedAsync<T>(Converter ?? throw Missing(), cancellationToken);

    /// <summary>Takes the next message, waiting for it, and gives its value.</summary>
    /// <remarks>One message is taken, also where it cannot be deserialized: the exception holds it, and the next call takes the next.</remarks>
    /// <typeparam name="T">The type of the value. Where a message may say null, a type that can be null.</typeparam>
    /// <param name="converter">The converter of this call.</param>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no message is lost.</param>
    /// <returns>The value, or null if the message says so.</returns>
    /// <exception cref="WebSocketDeserializeException">The message is malformed, of a kind that the converter does not read, or its value does not fit the type. The session goes on.</exception>
    /// <exception cref="WebSocketConverterNotFoundException">The session has no converter, and no message was taken; or the converter does not know the type, and one was.</exception>
    /// <exception cref="WebSocketClosedException">No more messages will come.</exception>
    /// <exception cref="InvalidOperationException">The session was opened with <see cref="ReceiveMode.Streams"/>.</exception>
    /// <exception cref="WebSocketException">The session ended in any other way: what happened.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<T?> ReceiveDeserializedAsync<T>(WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(converter);
        return ReceiveValueAsync<T>(converter, cancellationToken);
    }

    /// <summary>Takes the next message, waiting for it, and gives its value, of a type that is known at run time only, by the session's <see cref="Converter"/>.</summary>
    /// <inheritdoc cref="ReceiveDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"/>
    /// <param name="type">The type of the value. Where a message may say null, a type that can be null.</param>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no message is lost.</param>
    public ValueTask<object?> ReceiveDeserializedAsync(Type type, CancellationToken cancellationToken = default) =>
        ReceiveDeserializedAsync(type, Converter ?? throw Missing(), cancellationToken);

    /// <summary>Takes the next message, waiting for it, and gives its value, of a type that is known at run time only.</summary>
    /// <inheritdoc cref="ReceiveDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"/>
    /// <param name="type">The type of the value. Where a message may say null, a type that can be null.</param>
    /// <param name="converter">The converter of this call.</param>
    /// <param name="cancellationToken">Cancels the wait only: the session stays usable, and no message is lost.</param>
    public ValueTask<object?> ReceiveDeserializedAsync(Type type, WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(converter);
        return ReceiveValueAsync(type, converter, cancellationToken);
    }

    /// <summary>Enumerates the values of all messages to come, by what the session's <see cref="Converter"/> is at the call.</summary>
    /// <inheritdoc cref="ReceiveAllDeserializedAsync{T}(WebSocketContentConverter, CancellationToken)"/>
    /// <param name="cancellationToken">
    /// Cancels the enumeration, with <see cref="OperationCanceledException"/>; the session stays usable.
    /// </param>
    public IAsyncEnumerable<T?> ReceiveAllDeserializedAsync<T>(CancellationToken cancellationToken = default) =>
        ReceiveAllDeserializedAsync<T>(Converter ?? throw Missing(), cancellationToken);

    /// <summary>Enumerates the values of all messages to come. It stops at a normal end of the session; any other end makes it throw what happened.</summary>
    /// <remarks>
    /// A message that cannot be deserialized ends the enumeration with its exception, not the session: enumerate again, and the next message is the first. One converter serves the whole
    /// enumeration.
    /// </remarks>
    /// <typeparam name="T">The type of the values. Where a message may say null, a type that can be null.</typeparam>
    /// <param name="converter">The converter of this enumeration.</param>
    /// <param name="cancellationToken">
    /// Cancels the enumeration, with <see cref="OperationCanceledException"/>; the session stays usable.
    /// </param>
    /// <exception cref="WebSocketConverterNotFoundException">At the call: the session has no converter. While enumerating: the converter does not know the type.</exception>
    /// <exception cref="WebSocketDeserializeException">While enumerating: a message is malformed, of a kind that the converter does not read, or its value does not fit the type.</exception>
    /// <exception cref="InvalidOperationException">While enumerating: the session was opened with <see cref="ReceiveMode.Streams"/>.</exception>
    /// <exception cref="WebSocketException">While enumerating: the session ended in any other way than by closing.</exception>
    /// <exception cref="OperationCanceledException">While enumerating: the token was cancelled.</exception>
    public IAsyncEnumerable<T?> ReceiveAllDeserializedAsync<T>(WebSocketContentConverter converter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(converter);
        return EnumerateAsync<T>(converter, cancellationToken);
    }

    /// <summary>
    /// Takes the next message and gives its value. Every end of the session is a
    /// <see cref="WebSocketClosedException"/>.
    /// </summary>
    internal async ValueTask<T?> ReceiveOrThrowClosedAsync<T>(
        WebSocketContentConverter converter, CancellationToken token)
    {
        Frame frame;
        try
        {
            frame = await Incoming.ReadAsync(token).ConfigureAwait(false);
        }
        catch (WebSocketException e) when (e is not WebSocketClosedException)
        {
            throw new WebSocketClosedException(
                $"No more messages will come from the WebSocket session: {e.Message}", CloseState.ToResult(Queue.Dropped), e);
        }

        return Deserialize<T>(converter, frame);
    }

    private async IAsyncEnumerable<T?> EnumerateAsync<T>(WebSocketContentConverter converter, [EnumeratorCancellation] CancellationToken token)
    {
        await foreach (Frame frame in Incoming.WithCancellation(token).ConfigureAwait(false))
            yield return Deserialize<T>(converter, frame);
    }

    private async ValueTask<T?> ReceiveValueAsync<T>(WebSocketContentConverter converter, CancellationToken token) =>
        Deserialize<T>(converter, await Incoming.ReadAsync(token).ConfigureAwait(false));

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
            throw new WebSocketDeserializeException($"The {converter.GetType().Name} does not read {frame.Type} messages. {converter.AdviceFor(frame)}", frame);
    }

    private static bool IsForeign(Exception e) => e is not (WebSocketDeserializeException { Frame: not null } or WebSocketConverterNotFoundException);

    // The payload stays out of the message: it may hold secrets, and the exception has the frame.
    private static WebSocketDeserializeException Failed(WebSocketContentConverter converter, Frame frame, Type type, Exception error) => new(
        $"A {frame.Type} message of {frame.Data.Length} bytes is no {type} that the {converter.GetType().Name} can read: see the inner exception.", frame, error);

    private static WebSocketConverterNotFoundException Missing() => new(
        "The WebSocket session has no converter. Set WebSocketsOptions.ContentConverter or the session's Converter, or pass one to the call.");

    // The memory is borrowed until the send completes.
    private ValueTask SendAndDispose(FrameType type, PooledBufferWriter output, WebSocketContentConverter converter, CancellationToken token)
    {
        if (type is not (FrameType.Text or FrameType.Binary))
            throw new InvalidOperationException($"The {converter.GetType().Name} made a {type} message of a value. A converter makes text or binary messages.");
        ValueTask sending = Connection.Sender.SendAsync(type, output.Written, default, token);
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
