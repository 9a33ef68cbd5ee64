using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using MessagePack;

namespace Duplex;

/// <summary>Converts MessagePack with MessagePack-CSharp. A binary message holds one value.</summary>
/// <remarks>
/// Thread-safe. Peers are untrusted by default: <see cref="MessagePackSecurity.UntrustedData"/> prevents hash
/// collisions of keys and bounds the nesting depth. Options with their own security override this.
/// </remarks>
public sealed class MessagePackContentConverter : WebSocketContentConverter
{
    private const string Reflects = "MessagePack-CSharp looks types up by reflection and generates code for them.";

    private readonly MessagePackSerializerOptions _options;

    /// <summary>
    /// Creates a converter with the library's standard options: it converts types with <c>[MessagePackObject]</c> and
    /// the platform's types.
    /// </summary>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public MessagePackContentConverter() : this(MessagePackSerializerOptions.Standard) { }

    /// <summary>Creates a converter with custom options, such as another resolver or compression.</summary>
    /// <param name="options">
    /// The options. If their security is the library's default, <see cref="MessagePackSecurity.TrustedData"/>, it is
    /// replaced by <see cref="MessagePackSecurity.UntrustedData"/>; otherwise it is kept.
    /// </param>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public MessagePackContentConverter(MessagePackSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = ReferenceEquals(options.Security, MessagePackSecurity.TrustedData)
            ? options.WithSecurity(MessagePackSecurity.UntrustedData)
            : options;
    }

    // CopiesPayload is false: a formatter receives byte strings as slices of the message and may keep them.

    /// <inheritdoc/>
    public override bool IsApplicable(Frame frame) => frame is Frame.Binary;

    /// <inheritdoc/>
    public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type)
    {
        try
        {
            MessagePackSerializer.Serialize(type, output, value, _options);
            return FrameType.Binary;
        }
        catch (MessagePackSerializationException e) when (IsUnknown(e))
        {
            throw Unknown(type, e);
        }
    }

    /// <inheritdoc/>
    public override FrameType Serialize<T>(IBufferWriter<byte> output, T value)
    {
        try
        {
            MessagePackSerializer.Serialize(output, value, _options);
            return FrameType.Binary;
        }
        catch (MessagePackSerializationException e) when (IsUnknown(e))
        {
            throw Unknown(typeof(T), e);
        }
    }

    /// <inheritdoc/>
    public override object? Deserialize(Frame frame, Type type)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(type);
        var reader = new MessagePackReader(frame.Data);
        try
        {
            object? value = MessagePackSerializer.Deserialize(type, ref reader, _options);
            CheckEnd(reader);
            return value;
        }
        catch (MessagePackSerializationException e) when (IsUnknown(e))
        {
            throw Unknown(type, e);
        }
        catch (MessagePackSerializationException e) when (frame.Data.Span is [MessagePackCode.Nil])
        {
            // A nullable type is read from nil without an exception.
            throw NullContent(frame, type, e);
        }
    }

    /// <inheritdoc/>
    public override T? Deserialize<T>(Frame frame)
        where T : default
    {
        ArgumentNullException.ThrowIfNull(frame);
        var reader = new MessagePackReader(frame.Data);
        try
        {
            T? value = MessagePackSerializer.Deserialize<T>(ref reader, _options);
            CheckEnd(reader);
            return value;
        }
        catch (MessagePackSerializationException e) when (IsUnknown(e))
        {
            throw Unknown(typeof(T), e);
        }
        catch (MessagePackSerializationException e) when (frame.Data.Span is [MessagePackCode.Nil])
        {
            // A nullable type is read from nil without an exception.
            throw NullContent(frame, typeof(T), e);
        }
    }

    private static bool IsUnknown(MessagePackSerializationException e) =>
        e.InnerException is FormatterNotRegisteredException;

    private static WebSocketConverterNotFoundException Unknown(Type type, MessagePackSerializationException e) => new(
        $"The MessagePack converter does not know the type {type}, or one inside it. "
        + "Mark it with [MessagePackObject], or give the options a resolver that knows it.",
        e);

    private static void CheckEnd(in MessagePackReader reader)
    {
        if (!reader.End)
        {
            throw new MessagePackSerializationException(
                $"The message goes on behind its value, which ends at byte {reader.Consumed}. "
                + "One message holds one value.");
        }
    }
}
