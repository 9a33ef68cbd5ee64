using System.Buffers;
using System.Collections.Frozen;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Duplex;

/// <summary>Protocol Buffers, by Google.Protobuf: one binary message, one generated message, without a length before it.</summary>
/// <remarks>
/// Thread-safe, and without reflection of its own: natively compiled programs can use it. The format tells neither types nor nulls: both sides must know which type comes next, and null
/// cannot be sent.
/// </remarks>
public sealed class ProtobufContentConverter : WebSocketContentConverter
{
    private readonly FrozenDictionary<Type, MessageParser> _parsers;

    /// <summary>Reads the messages of some <c>.proto</c> files, nested ones included. Any generated message can be sent.</summary>
    /// <param name="files">The files' descriptors, which the compiler generates: for <c>orders.proto</c>, <c>OrdersReflection.Descriptor</c>.</param>
    public ProtobufContentConverter(params ReadOnlySpan<FileDescriptor> files) : this(MessagesOf(files)) { }

    /// <summary>Reads some messages, without those that are nested in them. Any generated message can be sent.</summary>
    /// <param name="messages">The messages' descriptors, such as <c>[Order.Descriptor, Tick.Descriptor]</c>.</param>
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

    /// <summary>True: the parser copies, byte strings too.</summary>
    public override bool CopiesPayload => true;

    /// <inheritdoc/>
    public override bool IsApplicable(Frame frame) => frame is Frame.Binary;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The value is null, or no generated message.</exception>
    public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type)
    {
        if (value is not IMessage message)
            throw new ArgumentException($"{value?.GetType().ToString() ?? "Null"} is no Protocol Buffers message. Send what the compiler generated from a .proto file.", nameof(value));
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
                $"The Protocol Buffers converter does not know the type {type}. Give its constructor the descriptor of the message, or of the file that declares it.");
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
            // A map's entries are no class.
            if (message.ClrType is null)
                continue;
            messages.Add(message);
            Add(message.NestedTypes, messages);
        }
    }
}
