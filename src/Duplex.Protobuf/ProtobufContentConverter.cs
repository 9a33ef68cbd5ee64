using System.Buffers;
using System.Collections.Frozen;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Duplex;

/// <summary>
/// Converts Protocol Buffers with Google.Protobuf. A binary message holds one generated message, without a length
/// prefix.
/// </summary>
/// <remarks>
/// Thread-safe, and free of reflection of its own: compatible with Native AOT. The format encodes neither types nor
/// null. Both sides must know the type of the next message, and null cannot be sent.
/// </remarks>
public sealed class ProtobufContentConverter : WebSocketContentConverter
{
    private readonly FrozenDictionary<Type, MessageParser> _parsers;

    /// <summary>
    /// Creates a converter that reads the messages of some <c>.proto</c> files, nested ones included, and writes any
    /// generated message.
    /// </summary>
    /// <param name="files">
    /// The generated descriptors of the files: for <c>orders.proto</c>, <c>OrdersReflection.Descriptor</c>.
    /// </param>
    public ProtobufContentConverter(params ReadOnlySpan<FileDescriptor> files) : this(MessagesOf(files)) { }

    /// <summary>
    /// Creates a converter that reads some messages, without nested ones, and writes any generated message.
    /// </summary>
    /// <param name="messages">
    /// The descriptors of the messages, such as <c>[Order.Descriptor, Tick.Descriptor]</c>.
    /// </param>
    public ProtobufContentConverter(IEnumerable<MessageDescriptor> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var parsers = new Dictionary<Type, MessageParser>();
        foreach (MessageDescriptor message in messages)
        {
            ArgumentNullException.ThrowIfNull(message);
            parsers[message.ClrType] = message.Parser;
        }

        _parsers = parsers.ToFrozenDictionary();
    }

    /// <summary>True: the parser copies all data, including byte strings.</summary>
    public override bool CopiesPayload => true;

    /// <inheritdoc/>
    public override bool IsApplicable(Frame frame) => frame is Frame.Binary;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The value is null or not a generated message.</exception>
    public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type)
    {
        if (value is not IMessage message)
        {
            throw new ArgumentException(
                $"{value?.GetType().ToString() ?? "Null"} is no Protocol Buffers message. "
                + "Send what the compiler generated from a .proto file.",
                nameof(value));
        }

        message.WriteTo(output);
        return FrameType.Binary;
    }

    /// <inheritdoc/>
    public override object? Deserialize(Frame frame, Type type)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(type);
        if (!_parsers.TryGetValue(type, out MessageParser? parser))
        {
            throw new WebSocketConverterNotFoundException(
                $"The Protocol Buffers converter does not know the type {type}. "
                + "Give its constructor the descriptor of the message, or of the file that declares it.");
        }

        return parser.ParseFrom(frame.Data.Span);
    }

    private static List<MessageDescriptor> MessagesOf(ReadOnlySpan<FileDescriptor> files)
    {
        var messages = new List<MessageDescriptor>();
        foreach (FileDescriptor file in files)
        {
            ArgumentNullException.ThrowIfNull(file);
            Add(file.MessageTypes, messages);
        }

        return messages;
    }

    private static void Add(IEnumerable<MessageDescriptor> types, List<MessageDescriptor> messages)
    {
        foreach (MessageDescriptor message in types)
        {
            // Map entries have no class.
            if (message.ClrType is null)
                continue;
            messages.Add(message);
            Add(message.NestedTypes, messages);
        }
    }
}
