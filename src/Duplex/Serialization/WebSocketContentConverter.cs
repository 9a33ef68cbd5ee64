using System.Buffers;

namespace Duplex;

/// <summary>
/// Makes messages of values and values of messages. Give one to all sessions (<c>WebSocketsOptions.ContentConverter</c>), to one (<c>DefaultWebSocketSession.Converter</c>), or to one
/// call. <see cref="JsonContentConverter"/> is one; the packages Duplex.MessagePack, Duplex.Protobuf, Duplex.Cbor and Duplex.NewtonsoftJson have others.
/// </summary>
/// <remarks>
/// <para>A converter must be thread-safe: sessions share it, and call it from any thread, several at a time. It is never called under a lock, nor on a session's receive loop.</para>
/// <para>
/// To write one, override the three abstract members. Whatever <see cref="Deserialize(Frame, Type)"/> throws, a session wraps into a <see cref="WebSocketDeserializeException"/>;
/// whatever <see cref="Serialize(IBufferWriter{byte}, object, Type)"/> throws fails that send only.
/// </para>
/// </remarks>
public abstract class WebSocketContentConverter
{
    /// <summary>
    /// Whether what <see cref="Deserialize(Frame, Type)"/> returns never refers to the frame's memory. A session then recycles the frame behind every value; otherwise it leaves that
    /// to the garbage collector. Default: false, which is always safe.
    /// </summary>
    public virtual bool CopiesPayload => false;

    /// <summary>Writes a value as one message.</summary>
    /// <param name="output">Takes the bytes. It and the memory that it gives are the converter's until it returns, no longer.</param>
    /// <param name="value">The value; null if <paramref name="type"/> allows that.</param>
    /// <param name="type">What the value is to be written as: the declared type, which the value's own may extend.</param>
    /// <returns><see cref="FrameType.Text"/> if the bytes are UTF-8 text, which the session checks, else <see cref="FrameType.Binary"/>.</returns>
    /// <exception cref="WebSocketConverterNotFoundException">The converter does not know the type.</exception>
    public abstract FrameType Serialize(IBufferWriter<byte> output, object? value, Type type);

    /// <summary>Writes a value as one message. By default the same as <see cref="Serialize(IBufferWriter{byte}, object, Type)"/>; override it to spare a value type its box.</summary>
    /// <typeparam name="T">What the value is to be written as.</typeparam>
    /// <inheritdoc cref="Serialize(IBufferWriter{byte}, object, Type)"/>
    public virtual FrameType Serialize<T>(IBufferWriter<byte> output, T value) => Serialize(output, value, typeof(T));

    /// <summary>Reads a message's value. It does not recycle the frame, which stays its receiver's.</summary>
    /// <param name="frame">A whole message, to which the converter <see cref="IsApplicable"/>.</param>
    /// <param name="type">The type of the value that is expected.</param>
    /// <returns>The value, or null if the message says so.</returns>
    /// <exception cref="WebSocketConverterNotFoundException">The converter does not know the type.</exception>
    public abstract object? Deserialize(Frame frame, Type type);

    /// <summary>Reads a message's value. By default the same as <see cref="Deserialize(Frame, Type)"/>; override it to spare a value type its box.</summary>
    /// <typeparam name="T">The type of the value that is expected.</typeparam>
    /// <param name="frame">A whole message, to which the converter <see cref="IsApplicable"/>.</param>
    /// <returns>The value; null if the message says so and <typeparamref name="T"/> allows it.</returns>
    /// <exception cref="WebSocketDeserializeException">The message says null, which <typeparamref name="T"/> cannot hold, or its value is of another type.</exception>
    /// <exception cref="WebSocketConverterNotFoundException">The converter does not know the type.</exception>
    public virtual T? Deserialize<T>(Frame frame) => (T?)Fitting(Deserialize(frame, typeof(T)), frame, typeof(T));

    /// <summary>Whether the converter reads messages of this kind.</summary>
    /// <param name="frame">The message; only its kind is looked at, as a rule.</param>
    public abstract bool IsApplicable(Frame frame);

    /// <summary>
    /// Says what to do about a message that the converter does not read, in a sentence, for the text of the
    /// <see cref="WebSocketDeserializeException"/>. A converter with an option that lets it read the message names that option.
    /// </summary>
    /// <param name="frame">The message, to which the converter is not applicable; only its kind is looked at, as a rule.</param>
    /// <returns>By default the advice to receive it with another converter, or as a frame.</returns>
    public virtual string AdviceFor(Frame frame) => frame is Frame.Text
        ? "Receive it with a converter of text, such as the JsonContentConverter, or as a frame."
        : "Receive it with a converter of binary messages, or as a frame.";

    /// <summary>The value, if a variable of the type can hold it.</summary>
    /// <exception cref="WebSocketDeserializeException">It cannot.</exception>
    internal static object? Fitting(object? value, Frame frame, Type type)
    {
        if (value is null ? CanBeNull(type) : type.IsInstanceOfType(value))
            return value;
        throw value is null
            ? NullContent(frame, type, innerException: null)
            : new WebSocketDeserializeException($"The message's value is a {value.GetType()}; a {type} was expected. Ask for that type, or look to the converter.", frame);
    }

    /// <summary>Whether a variable of the type can hold null.</summary>
    internal static bool CanBeNull(Type type) => !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;

    /// <summary>For a converter whose format can say null: the message does, and the type cannot hold it.</summary>
    /// <param name="frame">The message.</param>
    /// <param name="type">The type of the value that was expected.</param>
    /// <param name="innerException">What the format's library said; null if nothing.</param>
    protected static WebSocketDeserializeException NullContent(Frame frame, Type type, Exception? innerException)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(type);
        return new WebSocketDeserializeException($"The {frame.Type} message's content is null, which a {type} cannot be. Ask for a nullable type.", frame, innerException);
    }
}
