using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Duplex.Testing;

/// <summary>A JSON value of a recording, with its place, so that an error can say where it is.</summary>
internal readonly struct JsonPlace(JsonElement element, string place, long? line)
{
    public string Place => place;

    /// <summary>Parses a document; the caller disposes it.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, long firstLine)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            long line = firstLine + (e.LineNumber ?? 0);
            throw new RecordingFormatException($"line {line}", line, "JSON", "text that is none", e);
        }
    }

    public JsonPlace Object(string name) => Of(name, JsonValueKind.Object, "an object");

    public IEnumerable<JsonPlace> Array(string name)
    {
        JsonPlace array = Of(name, JsonValueKind.Array, "an array");
        return array.Items();
    }

    public bool Has(string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out _);

    public string String(string name) => Of(name, JsonValueKind.String, "a string").Element.GetString()!;

    public string? StringOrNull(string name) => Has(name) ? String(name) : null;

    public byte[] Base64(string name)
    {
        JsonPlace value = Of(name, JsonValueKind.String, "base64");
        return value.Element.TryGetBytesFromBase64(out byte[]? bytes)
            ? bytes
            : throw value.Invalid("base64", "a string that is none");
    }

    public decimal Number(string name)
    {
        JsonPlace value = Of(name, JsonValueKind.Number, "a number");
        return value.Element.TryGetDecimal(out decimal number)
            ? number
            : throw value.Invalid("a number", "one that is too large");
    }

    public long Integer(string name, long least, long most, long? missing = null)
    {
        if (missing is { } instead && !Has(name))
            return instead;
        string expected = $"a whole number from {least} to {most}";
        JsonPlace value = Of(name, JsonValueKind.Number, expected);
        return value.Element.TryGetInt64(out long number) && number >= least && number <= most
            ? number
            : throw value.Invalid(expected, value.Element.GetRawText());
    }

    public bool Boolean(string name, bool missing)
    {
        if (!Has(name))
            return missing;
        JsonPlace value = Of(name, null, "true or false");
        return value.Element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw value.Invalid("true or false", Kind(value.Element)),
        };
    }

    public DateTimeOffset Time(string name)
    {
        JsonPlace value = Of(name, JsonValueKind.String, "a date and time (ISO 8601)");
        return value.Element.TryGetDateTimeOffset(out DateTimeOffset time)
            ? time.ToUniversalTime()
            : throw value.Invalid("a date and time (ISO 8601)", "another string");
    }

    /// <summary>A time span in seconds, exact to what a <see cref="TimeSpan"/> can hold.</summary>
    public TimeSpan Seconds(string name)
    {
        decimal seconds = Number(name);
        return seconds is >= 0 and < MostSeconds
            ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : throw Of(name, null, "").Invalid("seconds, not negative", seconds.ToString(Invariant));
    }

    [DoesNotReturn]
    public void Reject(string name, string expected, string found) =>
        throw Of(name, null, expected).Invalid(expected, found);

    private static IFormatProvider Invariant => System.Globalization.CultureInfo.InvariantCulture;

    // A century: more is a mistake in the unit.
    private const decimal MostSeconds = 3_155_760_000;

    private JsonElement Element => element;

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };

    private JsonPlace Of(string name, JsonValueKind? kind, string expected)
    {
        string at = line is null ? (place.Length == 0 ? name : $"{place}.{name}") : $"{place}, \"{name}\"";
        if (element.ValueKind != JsonValueKind.Object)
            throw Invalid("an object", Kind(element));
        if (!element.TryGetProperty(name, out JsonElement value))
            throw new RecordingFormatException(at, line, expected, "nothing");
        if (kind is not null && value.ValueKind != kind)
            throw new RecordingFormatException(at, line, expected, Kind(value));
        return new JsonPlace(value, at, line);
    }

    private IEnumerable<JsonPlace> Items()
    {
        int index = 0;
        foreach (JsonElement item in element.EnumerateArray())
            yield return new JsonPlace(item, $"{place}[{index++}]", line);
    }

    private RecordingFormatException Invalid(string expected, string found) => new(place, line, expected, found);
}
