using System.Buffers;
using System.Collections.Frozen;
using System.Formats.Cbor;

namespace Duplex;

/// <summary>
/// Converts CBOR (RFC 8949) with System.Formats.Cbor. A binary message holds one data item. You provide a mapping for
/// each type.
/// </summary>
/// <remarks>Thread-safe, and free of reflection: compatible with Native AOT.</remarks>
public sealed class CborContentConverter : WebSocketContentConverter
{
    // A larger writer is not kept: it would hold the memory of the largest message ever sent. In bytes.
    private const int LargestSpare = 64 * 1024;

    private readonly FrozenDictionary<Type, CborMapping> _mappings;

    // An idle writer; Serialize takes it and returns one, both atomically.
    private CborWriter? _spare;

    /// <summary>Creates a converter for the types that have a mapping.</summary>
    /// <param name="mappings">The mappings, one for each type.</param>
    /// <exception cref="ArgumentException">A type has two mappings.</exception>
    public CborContentConverter(params ReadOnlySpan<CborMapping> mappings)
    {
        var byType = new Dictionary<Type, CborMapping>();
        foreach (CborMapping mapping in mappings)
        {
            if (mapping is null)
                throw new ArgumentNullException(nameof(mappings), "A mapping is null.");
            if (!byType.TryAdd(mapping.Type, mapping))
            {
                throw new ArgumentException(
                    $"The type {mapping.Type} has two mappings. Leave one out.", nameof(mappings));
            }
        }

        _mappings = byType.ToFrozenDictionary();
    }

    /// <summary>
    /// How strictly messages are read and written. Default: <see cref="CborConformanceMode.Strict"/>, which rejects,
    /// for example, invalid UTF-8 and duplicate keys.
    /// </summary>
    public CborConformanceMode ConformanceMode { get; init; } = CborConformanceMode.Strict;

    // CopiesPayload is false: a mapping receives byte strings as slices of the message and may keep them.

    /// <inheritdoc/>
    public override bool IsApplicable(Frame frame) => frame is Frame.Binary;

    /// <inheritdoc/>
    public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type)
    {
        ArgumentNullException.ThrowIfNull(output);
        CborMapping mapping = MappingOf(type);
        CborWriter writer = Interlocked.Exchange(ref _spare, null) ?? new CborWriter(ConformanceMode);
        if (value is null)
            writer.WriteNull();
        else
            mapping.WriteObject(writer, value);

        // If the mapping throws, the writer is not reused.
        int length = writer.BytesWritten;
        writer.Encode(output.GetSpan(Math.Max(1, length)));
        output.Advance(length);
        writer.Reset();
        if (length <= LargestSpare)
            Volatile.Write(ref _spare, writer);
        return FrameType.Binary;
    }

    /// <inheritdoc/>
    public override object? Deserialize(Frame frame, Type type)
    {
        ArgumentNullException.ThrowIfNull(frame);
        CborMapping mapping = MappingOf(type);
        var reader = new CborReader(frame.Data, ConformanceMode);
        object? value = null;
        if (reader.PeekState() == CborReaderState.Null)
            reader.ReadNull();
        else
            value = mapping.ReadObject(reader);

        if (reader.CurrentDepth > 0 || reader.BytesRemaining > 0)
        {
            throw new CborContentException(reader.CurrentDepth > 0
                ? $"The mapping of {mapping.Type} left the data item unfinished, {reader.BytesRemaining} bytes "
                    + "before the message's end."
                : $"The message goes on for {reader.BytesRemaining} bytes behind its value. "
                    + "One message holds one data item.");
        }

        return value;
    }

    private CborMapping MappingOf(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return _mappings.TryGetValue(Nullable.GetUnderlyingType(type) ?? type, out CborMapping? mapping)
            ? mapping
            : throw new WebSocketConverterNotFoundException(
                $"The CBOR converter has no mapping of the type {type}. "
                + "Give its constructor a CborMapping<T> of it.");
    }
}
