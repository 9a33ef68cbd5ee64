using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Newtonsoft.Json;

namespace Duplex;

/// <summary>
/// Converts JSON in UTF-8 with Newtonsoft.Json, for code that already uses it. A text message holds one JSON value.
/// <see cref="JsonContentConverter"/> is faster.
/// </summary>
/// <remarks>
/// Thread-safe. Only the given settings apply. <c>JsonConvert.DefaultSettings</c> is ignored, so that settings of other
/// code, such as type names, do not apply to data from a peer.
/// </remarks>
public sealed class NewtonsoftJsonContentConverter : WebSocketContentConverter
{
    private const string Reflects = "Newtonsoft.Json looks types up by reflection.";

    private readonly JsonSerializer _serializer;

    /// <summary>Creates a converter for any type.</summary>
    /// <param name="settings">The settings, copied by the constructor; null for the library's defaults.</param>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public NewtonsoftJsonContentConverter(JsonSerializerSettings? settings = null)
    {
        _serializer = JsonSerializer.Create(settings);
        _serializer.CheckAdditionalContent = true; // one message, one value
    }

    /// <summary>
    /// Whether to accept JSON in binary messages, too, as some servers send it. Default: false. Messages are always
    /// sent as text.
    /// </summary>
    public bool AcceptsBinary { get; init; }

    /// <summary>True: a value never references the frame's memory.</summary>
    public override bool CopiesPayload => true;

    /// <inheritdoc/>
    public override bool IsApplicable(Frame frame) =>
        frame is Frame.Text || (AcceptsBinary && frame is Frame.Binary);

    /// <inheritdoc/>
    public override string AdviceFor(Frame frame) =>
        $"If it holds JSON, set {nameof(AcceptsBinary)} of the converter to true; "
        + "else receive it with another converter, or as a frame.";

    /// <inheritdoc/>
    public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type)
    {
        ArgumentNullException.ThrowIfNull(output);
        using var text = new Utf8TextWriter(output);
        using var writer = new JsonTextWriter(text)
        {
            ArrayPool = PooledChars.Instance,
            AutoCompleteOnClose = false,
            CloseOutput = false,
        };
        _serializer.Serialize(writer, value, type);
        writer.Flush();
        text.Complete();
        return FrameType.Text;
    }

    /// <inheritdoc/>
    public override object? Deserialize(Frame frame, Type type)
    {
        ArgumentNullException.ThrowIfNull(frame);
        using var reader = new JsonTextReader(new Utf8TextReader(TextOf(frame))) { ArrayPool = PooledChars.Instance };
        // The serializer returns null for an empty message, which is not a JSON null.
        do
        {
            if (!reader.Read())
                throw new JsonSerializationException("The message holds no JSON value.");
        }
        while (reader.TokenType == JsonToken.Comment);

        bool isNull = reader.TokenType == JsonToken.Null;
        try
        {
            return _serializer.Deserialize(reader, type);
        }
        catch (JsonException e)
            when (isNull && type is { IsValueType: true } && Nullable.GetUnderlyingType(type) is null)
        {
            throw NullContent(frame, type, e);
        }
    }

    // RFC 8259 §8.1: "implementations that parse JSON texts MAY ignore the presence of a byte order mark rather than
    // treating it as an error."
    private static ReadOnlyMemory<byte> TextOf(Frame frame) =>
        frame.Data.Span.StartsWith("\uFEFF"u8) ? frame.Data["\uFEFF"u8.Length..] : frame.Data;
}
