using System.Buffers;

namespace Duplex;

/// <summary>
/// Converts values to messages and back. Set one for all sessions (<c>WebSocketsOptions.ContentConverter</c>), one
/// session (<c>DefaultWebSocketSession.Converter</c>) or one call. Duplex includes <see cref="JsonContentConverter"/>;
/// the packages Duplex.MessagePack, Duplex.Protobuf, Duplex.Cbor and Duplex.NewtonsoftJson have others.
/// </summary>
/// <remarks>
/// <para>
/// A converter must be thread-safe: sessions share it and call it concurrently, never under a lock or on the receive
/// loop. With <see cref="ReceiveMode.Direct"/>, a session's other consumers wait while JSON is read.
/// </para>
/// <para>
/// To write one, override the three abstract members. A session wraps exceptions of
/// <see cref="Deserialize(Frame, Type)"/> in a <see cref="WebSocketDeserializeException"/>; those of
/// <see cref="Serialize(IBufferWriter{byte}, object, Type)"/> fail that send only.
/// </para>
/// </remarks>
public abstract class WebSocketContentConverter
{
    /// <summary>
    /// Whether values from <see cref="Deserialize(Frame, Type)"/> never refer to the frame's memory. If true, a session
    /// recycles the frame after each value; otherwise the garbage collector frees it. Default: false, which is always
    /// safe.
    /// </summary>
    public virtual bool CopiesPayload => false;

    /// <summary>Writes a value as one message.</summary>
    /// <param name="output">Receives the bytes. Do not use it or its memory after the call.</param>
    /// <param name="value">The value; null if <paramref name="type"/> allows that.</param>
    /// <param name="type">The declared type, which the value is written as; the value's own may derive from it.</param>
    /// <returns>
    /// <see cref="FrameType.Text"/> if the bytes are UTF-8, which the session checks; otherwise
    /// <see cref="FrameType.Binary"/>.
    /// </returns>
    /// <exception cref="WebSocketConverterNotFoundException">The converter does not know the type.</exception>
    public abstract FrameType Serialize(IBufferWriter<byte> output, object? value, Type type);

    /// <summary>
    /// Writes a value as one message, by default by <see cref="Serialize(IBufferWriter{byte}, object, Type)"/>.
    /// Override it to avoid boxing.
    /// </summary>
    /// <typeparam name="T">The type that the value is written as.</typeparam>
    /// <inheritdoc cref="Serialize(IBufferWriter{byte}, object, Type)"/>
    public virtual FrameType Serialize<T>(IBufferWriter<byte> output, T value) => Serialize(output, value, typeof(T));

    /// <summary>Reads a message's value. The caller owns the frame; the converter does not recycle it.</summary>
    /// <param name="frame">A whole message, for which <see cref="IsApplicable"/> returns true.</param>
    /// <param name="type">The expected type of the value.</param>
    /// <returns>The value; null if the message holds null.</returns>
    /// <exception cref="WebSocketConverterNotFoundException">The converter does not know the type.</exception>
    public abstract object? Deserialize(Frame frame, Type type);

    /// <summary>
    /// Reads a message's value, by default by <see cref="Deserialize(Frame, Type)"/>. Override it to avoid boxing.
    /// </summary>
    /// <typeparam name="T">The expected type of the value.</typeparam>
    /// <param name="frame">A whole message, for which <see cref="IsApplicable"/> returns true.</param>
    /// <returns>The value; null if the message holds null and <typeparamref name="T"/> allows it.</returns>
    /// <exception cref="WebSocketDeserializeException">
    /// The message holds null, which <typeparamref name="T"/> does not allow, or a value of another type.
    /// </exception>
    /// <exception cref="WebSocketConverterNotFoundException">The converter does not know the type.</exception>
    public virtual T? Deserialize<T>(Frame frame) => (T?)Fitting(Deserialize(frame, typeof(T)), frame, typeof(T));

    /// <summary>Whether the converter reads messages of this kind.</summary>
    /// <param name="frame">The message; usually only its kind matters.</param>
    public abstract bool IsApplicable(Frame frame);

    /// <summary>
    /// Returns advice for a message that the converter does not read: a sentence in the
    /// <see cref="WebSocketDeserializeException"/>'s text, which names an option to read it, if any.
    /// </summary>
    /// <param name="frame">The message; usually only its kind matters.</param>
    /// <returns>By default, to use another converter or to receive a frame.</returns>
    public virtual string AdviceFor(Frame frame) => frame is Frame.Text
        ? "Receive it with a converter of text, such as the JsonContentConverter, or as a frame."
        : "Receive it with a converter of binary messages, or as a frame.";

    internal static object? Fitting(object? value, Frame frame, Type type)
    {
        if (value is null ? CanBeNull(type) : type.IsInstanceOfType(value))
            return value;
        throw value is null
            ? NullContent(frame, type, innerException: null)
            : new WebSocketDeserializeException(
                $"The message's value is a {value.GetType()}; a {type} was expected. Ask for that type, or look to " +
                "the converter.",
                frame);
    }

    internal static bool CanBeNull(Type type) => !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;

    /// <summary>Creates the exception for a message that holds null where the type does not allow it.</summary>
    /// <param name="frame">The message.</param>
    /// <param name="type">The expected type of the value.</param>
    /// <param name="innerException">The error of the format's library; null if none.</param>
    protected static WebSocketDeserializeException NullContent(Frame frame, Type type, Exception? innerException)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(type);
        return new WebSocketDeserializeException(
            $"The {frame.Type} message's content is null, which a {type} cannot be. Ask for a nullable type.",
            frame,
            innerException);
    }
}
