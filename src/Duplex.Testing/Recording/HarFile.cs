using System.Globalization;
using System.Text.Json;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>
/// HAR 1.2, with the messages of a WebSocket in <c>_webSocketMessages</c> as Chrome's tools have them. What they do not
/// have begins with an underscore, and is left out where it says nothing.
/// </summary>
internal static class HarFile
{
    private const string UnknownUrl = "about:blank";

    public static void Write(Utf8JsonWriter json, IReadOnlyList<RecordedConnection> connections)
    {
        json.WriteStartObject();
        json.WriteStartObject("log"u8);
        json.WriteString("version"u8, "1.2"u8);
        json.WriteStartObject("creator"u8);
        json.WriteString("name"u8, "Duplex.Testing"u8);
        json.WriteString("version"u8, typeof(HarFile).Assembly.GetName().Version?.ToString(3) ?? "0.0.0");
        json.WriteEndObject();
        json.WriteStartArray("pages"u8);
        json.WriteEndArray();
        json.WriteStartArray("entries"u8);
        foreach (RecordedConnection connection in connections)
            WriteEntry(json, connection);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static IEnumerable<RecordedConnection> Read(JsonElement root)
    {
        JsonPlace log = new JsonPlace(root, "", line: null).Object("log");
        foreach (JsonPlace entry in log.Array("entries"))
        {
            if (entry.Has("_webSocketMessages"))
                yield return ReadEntry(entry);
        }
    }

    private static void WriteEntry(Utf8JsonWriter json, RecordedConnection connection)
    {
        json.WriteStartObject();
        json.WriteString("startedDateTime"u8, connection.Started.UtcDateTime);
        json.WriteNumber("time"u8, connection.Duration.TotalMilliseconds);
        json.WriteStartObject("request"u8);
        json.WriteString("method"u8, "GET"u8);
        json.WriteString("url"u8, connection.Url?.AbsoluteUri ?? UnknownUrl);
        WriteCommon(json, "bodySize"u8, 0);
        json.WriteStartArray("queryString"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("response"u8);
        json.WriteNumber("status"u8, 101);
        json.WriteString("statusText"u8, "Switching Protocols"u8);
        WriteCommon(json, "bodySize"u8, -1);
        json.WriteStartObject("content"u8);
        json.WriteNumber("size"u8, 0);
        json.WriteString("mimeType"u8, "x-unknown"u8);
        json.WriteEndObject();
        json.WriteString("redirectURL"u8, ""u8);
        json.WriteEndObject();
        json.WriteStartObject("cache"u8);
        json.WriteEndObject();
        json.WriteStartObject("timings"u8);
        foreach (string phase in (string[])["send", "wait", "receive"])
            json.WriteNumber(phase, 0);
        json.WriteEndObject();
        json.WriteString("_resourceType"u8, "websocket"u8);
        if (connection.OmittedFrames > 0)
            json.WriteNumber("_omittedFrames"u8, connection.OmittedFrames);
        if (connection.OmittedPayloads > 0)
            json.WriteNumber("_omittedPayloads"u8, connection.OmittedPayloads);
        json.WriteStartArray("_webSocketMessages"u8);
        foreach (RecordedFrame frame in connection.Frames)
            WriteMessage(json, frame, connection.Started);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // HAR 1.2: all of these are required; -1 where they are not known.
    private static void WriteCommon(Utf8JsonWriter json, ReadOnlySpan<byte> bodySize, int size)
    {
        json.WriteString("httpVersion"u8, "HTTP/1.1"u8);
        json.WriteStartArray("cookies"u8);
        json.WriteEndArray();
        json.WriteStartArray("headers"u8);
        json.WriteEndArray();
        json.WriteNumber("headersSize"u8, -1);
        json.WriteNumber(bodySize, size);
    }

    private static void WriteMessage(Utf8JsonWriter json, RecordedFrame frame, DateTimeOffset started)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, frame.Direction == RecordedDirection.Sent ? "send"u8 : "receive"u8);

        // A decimal, for a double has too few digits for a time of today in the clock's resolution.
        json.WriteNumber(
            "time"u8,
            (decimal)((started + frame.Offset).UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond);
        json.WriteNumber("opcode"u8, (int)frame.Opcode);
        RecordedData.Write(json, "data"u8, frame);
        if (frame.Payload is { } && !RecordedData.IsText(frame) && frame.Opcode != Opcode.Binary)
            json.WriteString("_encoding"u8, "base64"u8);
        if (frame.Payload is null && frame.Length > 0)
            json.WriteBoolean("_omitted"u8, true);
        if (frame.Length != (frame.Payload?.Length ?? 0))
            json.WriteNumber("_length"u8, frame.Length);
        if (!frame.Fin)
            json.WriteBoolean("_fin"u8, false);
        if (frame.Reserved != ReservedBits.None)
            json.WriteNumber("_rsv"u8, RecordedData.NumberOf(frame.Reserved));
        if (frame.IsCompressed)
            json.WriteBoolean("_compressed"u8, true);
        if (frame.IsRedacted)
            json.WriteBoolean("_redacted"u8, true);
        json.WriteEndObject();
    }

    private static RecordedConnection ReadEntry(JsonPlace entry)
    {
        DateTimeOffset started = entry.Time("startedDateTime");
        string url = entry.Object("request").String("url");
        return new RecordedConnection(
            url != UnknownUrl && Uri.TryCreate(url, UriKind.Absolute, out Uri? known) ? known : null,
            started,
            [.. entry.Array("_webSocketMessages")
                .Select(message => ReadMessage(message, started)).OfType<RecordedFrame>()],
            entry.Integer("_omittedFrames", 0, long.MaxValue, missing: 0),
            entry.Integer("_omittedPayloads", 0, long.MaxValue, missing: 0));
    }

    private static RecordedFrame? ReadMessage(JsonPlace message, DateTimeOffset started)
    {
        string type = message.String("type");
        if (type == "error")
            return null; // a note of Chrome's, no frame
        if (type is not ("send" or "receive"))
            message.Reject("type", "send, receive or error", $"\"{type}\"");

        // RFC 6455 §5.2: an opcode has four bits.
        var opcode = (Opcode)message.Integer("opcode", 0, 15);
        bool isBase64 = opcode == Opcode.Binary || message.StringOrNull("_encoding") == "base64";
        ReadOnlyMemory<byte>? payload = message.Boolean("_omitted", false)
            ? null
            : RecordedData.Read(message, "data", isBase64);
        return new RecordedFrame
        {
            Direction = type == "send" ? RecordedDirection.Sent : RecordedDirection.Received,
            Offset = OffsetOf(message, started),
            Opcode = opcode,
            Fin = message.Boolean("_fin", true),
            Reserved = RecordedData.BitsOf((int)message.Integer("_rsv", 0, 7, missing: 0)),
            IsCompressed = message.Boolean("_compressed", false),
            IsRedacted = message.Boolean("_redacted", false),
            Length = message.Integer("_length", 0, long.MaxValue, missing: payload?.Length ?? 0),
            Payload = payload,
        };
    }

    // A tool's clock may be a little behind that of the request.
    private static TimeSpan OffsetOf(JsonPlace message, DateTimeOffset started)
    {
        decimal time = message.Number("time");
        if (time is < 0 or > MostSeconds)
            message.Reject("time", "seconds since 1970", time.ToString(CultureInfo.InvariantCulture));
        long ticks = (long)(time * TimeSpan.TicksPerSecond) - (started.UtcTicks - DateTimeOffset.UnixEpoch.Ticks);
        return TimeSpan.FromTicks(Math.Max(0, ticks));
    }

    // The year 9999: milliseconds, or another unit, exceed it.
    private const decimal MostSeconds = 253_402_300_799;
}
