using System.Text.Json;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>
/// Lines of JSON: one of the type <c>connection</c> begins a recording, and each line of the type <c>frame</c> after it
/// is one of its frames. docs/how-to/faults-and-recordings.md has the schema.
/// </summary>
internal static class JsonLinesFile
{
    // The schema's version: the only one so far.
    private const int Version = 1;

    public static void WriteConnection(Utf8JsonWriter json, RecordedConnection connection)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "connection"u8);
        json.WriteNumber("version"u8, Version);
        if (connection.Url is { } url)
            json.WriteString("url"u8, url.AbsoluteUri);
        json.WriteString("started"u8, connection.Started.UtcDateTime);
        json.WriteNumber("omittedFrames"u8, connection.OmittedFrames);
        json.WriteNumber("omittedPayloads"u8, connection.OmittedPayloads);
        json.WriteEndObject();
    }

    public static void WriteFrame(Utf8JsonWriter json, RecordedFrame frame)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "frame"u8);
        json.WriteString("direction"u8, frame.Direction == RecordedDirection.Sent ? "send"u8 : "receive"u8);
        json.WriteNumber("offset"u8, (decimal)frame.Offset.Ticks / TimeSpan.TicksPerSecond);
        json.WriteNumber("opcode"u8, (int)frame.Opcode);
        json.WriteBoolean("fin"u8, frame.Fin);
        if (frame.Reserved != ReservedBits.None)
            json.WriteNumber("rsv"u8, RecordedData.NumberOf(frame.Reserved));
        if (frame.IsCompressed)
            json.WriteBoolean("compressed"u8, true);
        if (frame.IsRedacted)
            json.WriteBoolean("redacted"u8, true);
        json.WriteNumber("length"u8, frame.Length);
        if (frame.Payload is { })
            RecordedData.Write(json, RecordedData.IsText(frame) ? "text"u8 : "base64"u8, frame);
        json.WriteEndObject();
    }

    /// <summary>Whether the first line of a file is one of ours.</summary>
    public static bool IsFirst(JsonElement line) =>
        line.ValueKind == JsonValueKind.Object && line.TryGetProperty("type"u8, out JsonElement type)
        && type.ValueKind == JsonValueKind.String && type.ValueEquals("connection"u8);

    public static IEnumerable<RecordedConnection> Read(ReadOnlyMemory<byte> file)
    {
        RecordedConnection? current = null;
        List<RecordedFrame> frames = [];
        for (long number = 1; !file.IsEmpty; number++)
        {
            ReadOnlyMemory<byte> line = TakeLine(ref file);
            if (line.Span.Trim(" \t\r"u8).IsEmpty)
                continue;
            using JsonDocument json = JsonPlace.Parse(line, number);
            var place = new JsonPlace(json.RootElement, $"line {number}", number);
            string type = place.String("type");
            if (type == "connection")
            {
                if (current is not null)
                    yield return current with { Frames = frames };
                current = ReadConnection(place);
                frames = [];
            }
            else if (type != "frame")
            {
                place.Reject("type", "connection or frame", $"\"{type}\"");
            }
            else if (current is null)
            {
                place.Reject("type", "connection, before any frame", "\"frame\"");
            }
            else
            {
                frames.Add(ReadFrame(place));
            }
        }

        if (current is not null)
            yield return current with { Frames = frames };
    }

    private static ReadOnlyMemory<byte> TakeLine(ref ReadOnlyMemory<byte> file)
    {
        int end = file.Span.IndexOf((byte)'\n');
        ReadOnlyMemory<byte> line = end < 0 ? file : file[..end];
        file = end < 0 ? default : file[(end + 1)..];
        return line;
    }

    private static RecordedConnection ReadConnection(JsonPlace line)
    {
        line.Integer("version", Version, Version);
        Uri? url = null;
        if (line.StringOrNull("url") is { } text && !Uri.TryCreate(text, UriKind.Absolute, out url))
            line.Reject("url", "an absolute URL", "another string");
        return new RecordedConnection(
            url,
            line.Time("started"),
            [],
            line.Integer("omittedFrames", 0, long.MaxValue, missing: 0),
            line.Integer("omittedPayloads", 0, long.MaxValue, missing: 0));
    }

    private static RecordedFrame ReadFrame(JsonPlace line)
    {
        string direction = line.String("direction");
        if (direction is not ("send" or "receive"))
            line.Reject("direction", "send or receive", $"\"{direction}\"");
        ReadOnlyMemory<byte>? payload = line.Has("text") ? RecordedData.Read(line, "text", isBase64: false)
            : line.Has("base64") ? RecordedData.Read(line, "base64", isBase64: true)
            : null;
        return new RecordedFrame
        {
            Direction = direction == "send" ? RecordedDirection.Sent : RecordedDirection.Received,
            Offset = line.Seconds("offset"),
            Opcode = (Opcode)line.Integer("opcode", 0, 15), // RFC 6455 §5.2: four bits
            Fin = line.Boolean("fin", true),
            Reserved = RecordedData.BitsOf((int)line.Integer("rsv", 0, 7, missing: 0)),
            IsCompressed = line.Boolean("compressed", false),
            IsRedacted = line.Boolean("redacted", false),
            Length = line.Integer("length", 0, long.MaxValue, missing: payload?.Length ?? 0),
            Payload = payload,
        };
    }
}
