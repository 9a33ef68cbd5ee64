using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Duplex;

/// <summary>Converts values to and from JSON with System.Text.Json. One text message is one JSON value.</summary>
/// <remarks>
/// Thread-safe. With a source-generated context it uses no reflection or run-time code generation, so it works in
/// trimmed and natively compiled programs. It reads and writes the session's memory directly; values never refer to it.
/// </remarks>
public sealed class JsonContentConverter : WebSocketContentConverter
{
    private readonly JsonSerializerOptions _options;
    private readonly JsonWriterOptions _writerOptions;
    private readonly string _cure;
    private readonly JsonTypeInfo? _info; // null: the options' resolver provides it

    // A cached writer, taken and returned by atomic exchanges.
    private Utf8JsonWriter? _spare;

    /// <summary>Creates a converter for the types of a source-generated context, with the context's options.</summary>
    /// <param name="context">The context, such as <c>MyJson.Default</c>.</param>
    public JsonContentConverter(JsonSerializerContext context)
        : this(NotNull(context).Options, $"Add [JsonSerializable(typeof(...))] with it to {context.GetType()}.") { }

    /// <summary>
    /// Creates a converter for the types that the options' resolver knows. The options become read-only.
    /// </summary>
    /// <param name="options">
    /// Their <see cref="JsonSerializerOptions.TypeInfoResolver"/> must be a source-generated context or a
    /// reflection-based resolver.
    /// </param>
    /// <exception cref="ArgumentException">The options have no resolver.</exception>
    public JsonContentConverter(JsonSerializerOptions options)
        : this(options, "Let the options' TypeInfoResolver know it.") { }

    /// <summary>
    /// Creates a converter for any type, by reflection, with <see cref="JsonSerializerOptions.Web"/>: camel case, and
    /// numbers may be strings.
    /// </summary>
    [RequiresUnreferencedCode(
        "Types are looked up by reflection. In a trimmed program pass a JsonSerializerContext, or options with " +
        "one.")]
    [RequiresDynamicCode(
        "Types are looked up by reflection. In a natively compiled program pass a JsonSerializerContext, or " +
        "options with one.")]
    public JsonContentConverter() : this(JsonSerializerOptions.Web) { }

    private JsonContentConverter(JsonSerializerOptions options, string cure)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.TypeInfoResolver is null)
        {
            throw new ArgumentException(
                "The options have no TypeInfoResolver. Set it to a JsonSerializerContext, or to a " +
                "DefaultJsonTypeInfoResolver where reflection is available.",
                nameof(options));
        }

        options.MakeReadOnly();
        _options = options;
        _cure = cure;
        _writerOptions = WriterOptions(options);
    }

    private JsonContentConverter(JsonTypeInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        _info = info;
        _options = info.Options;
        _cure = $"The call's JsonTypeInfo is that of {info.Type}.";
        _writerOptions = WriterOptions(info.Options);
    }

    /// <summary>
    /// Whether JSON in binary messages is also read, as some servers send it. Default: false. Values are always sent as
    /// text.
    /// </summary>
    public bool AcceptsBinary { get; init; }

    /// <summary>True: a value never refers to the frame's memory.</summary>
    public override bool CopiesPayload => true;

    /// <inheritdoc/>
    public override bool IsApplicable(Frame frame) => frame is not null && Reads(frame.Type);

    /// <inheritdoc/>
    public override string AdviceFor(Frame frame) =>
        $"If it holds JSON, set {nameof(AcceptsBinary)} of the converter to true; else receive it with another " +
        "converter, or as a frame.";

    /// <inheritdoc/>
    public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type)
    {
        JsonTypeInfo info = InfoOf(type);
        Utf8JsonWriter writer = TakeWriter(output);
        JsonSerializer.Serialize(writer, value, info);
        return Finish(writer);
    }

    /// <inheritdoc/>
    public override FrameType Serialize<T>(IBufferWriter<byte> output, T value)
    {
        JsonTypeInfo<T> info = InfoOf<T>();
        Utf8JsonWriter writer = TakeWriter(output);
        JsonSerializer.Serialize(writer, value, info);
        return Finish(writer);
    }

    /// <inheritdoc/>
    public override object? Deserialize(Frame frame, Type type)
    {
        ArgumentNullException.ThrowIfNull(frame);
        JsonTypeInfo info = InfoOf(type);
        try
        {
            // A span, so that no user converter can keep the memory.
            return JsonSerializer.Deserialize(TextOf(frame.Data.Span), info);
        }
        catch (JsonException e) when (!CanBeNull(type) && IsNull(frame.Data.Span))
        {
            throw NullContent(frame, type, e);
        }
    }

    /// <inheritdoc/>
    public override T? Deserialize<T>(Frame frame)
        where T : default
    {
        ArgumentNullException.ThrowIfNull(frame);
        JsonTypeInfo<T> info = InfoOf<T>();
        try
        {
            return JsonSerializer.Deserialize(TextOf(frame.Data.Span), info);
        }
        catch (JsonException e) when (!CanBeNull(typeof(T)) && IsNull(frame.Data.Span))
        {
            throw NullContent(frame, typeof(T), e);
        }
    }

    internal bool Reads(FrameType type) =>
        type == FrameType.Text || (AcceptsBinary && type == FrameType.Binary);

    /// <summary>
    /// As <see cref="Deserialize{T}(Frame)"/>, from the memory that the message was read into; its kind is one that is
    /// read.
    /// </summary>
    internal T? Deserialize<T>(in MessageView message)
    {
        JsonTypeInfo<T> info = InfoOf<T>();
        try
        {
            return JsonSerializer.Deserialize(TextOf(message.Data), info);
        }
        catch (JsonException e) when (!CanBeNull(typeof(T)))
        {
            if (IsNull(message.Data))
                throw NullContent(message.ToFrame(), typeof(T), e);
            throw;
        }
    }

    internal static JsonContentConverter Of(JsonTypeInfo info) => new(info);

    private static JsonWriterOptions WriterOptions(JsonSerializerOptions options) => new()
    {
        Encoder = options.Encoder,
        Indented = options.WriteIndented,
        IndentCharacter = options.IndentCharacter,
        IndentSize = options.IndentSize,
        NewLine = options.NewLine,
        MaxDepth = options.MaxDepth,
    };

    private static T NotNull<T>(T context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context;
    }

    // RFC 8259 §2: "Insignificant whitespace is allowed before or after any of the six structural characters".
    private static bool IsNull(ReadOnlySpan<byte> data) => TextOf(data).Trim(" \t\r\n"u8).SequenceEqual("null"u8);

    // RFC 8259 §8.1: "implementations that parse JSON texts MAY ignore the presence of a byte order mark rather than
    // treating it as an error."
    private static ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> data) =>
        data.StartsWith("\uFEFF"u8) ? data["\uFEFF"u8.Length..] : data;

    private JsonTypeInfo<T> InfoOf<T>() => (JsonTypeInfo<T>)InfoOf(typeof(T));

    private JsonTypeInfo InfoOf(Type type)
    {
        if (_info is null ? _options.TryGetTypeInfo(type, out JsonTypeInfo? info) : (info = _info).Type == type)
            return info!;
        throw new WebSocketConverterNotFoundException($"The JSON converter does not know the type {type}. {_cure}");
    }

    private Utf8JsonWriter TakeWriter(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (Interlocked.Exchange(ref _spare, null) is not { } writer)
            return new Utf8JsonWriter(output, _writerOptions);
        writer.Reset(output);
        return writer;
    }

    // Not reached after an exception: that writer is left to the garbage collector.
    private FrameType Finish(Utf8JsonWriter writer)
    {
        writer.Flush();
        writer.Reset();
        Volatile.Write(ref _spare, writer);
        return FrameType.Text;
    }
}
