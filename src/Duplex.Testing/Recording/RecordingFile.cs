using System.Text.Encodings.Web;
using System.Text.Json;

namespace Duplex.Testing;

/// <summary>Writes and reads recordings, in either format.</summary>
internal static class RecordingFile
{
    // So much is buffered before it is written; it bounds the memory of writing, not of reading.
    private const int MostBuffered = 64 * 1024;

    // The file is no HTML, and texts in it should stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="ArgumentException">The name ends otherwise.</exception>
    public static RecordingFormat FormatOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".HAR" => RecordingFormat.Har,
        ".JSONL" => RecordingFormat.JsonLines,
        _ => throw new ArgumentException(
            "The file's name must end with .har or .jsonl. To use another name, write to a stream, with a format.",
            nameof(path)),
    };

    public static async Task WriteAsync(
        Stream target, RecordingFormat format, IReadOnlyList<RecordedConnection> connections, CancellationToken token)
    {
        using var buffer = new MemoryStream();
        if (format == RecordingFormat.Har)
        {
            using var json = new Utf8JsonWriter(buffer, Options);
            HarFile.Write(json, connections);
            json.Flush();
            buffer.WriteByte((byte)'\n');
        }
        else
        {
            using var json = new Utf8JsonWriter(buffer, Options);
            foreach (RecordedConnection connection in connections)
            {
                JsonLinesFile.WriteConnection(json, connection);
                EndLine(json, buffer);
                foreach (RecordedFrame frame in connection.Frames)
                {
                    JsonLinesFile.WriteFrame(json, frame);
                    EndLine(json, buffer);
                    if (buffer.Length > MostBuffered)
                        await MoveAsync(buffer, target, token).ConfigureAwait(false);
                }
            }
        }

        await MoveAsync(buffer, target, token).ConfigureAwait(false);
        await target.FlushAsync(token).ConfigureAwait(false);
    }

    /// <exception cref="RecordingFormatException">The content is no recording.</exception>
    public static async Task<IReadOnlyList<RecordedConnection>> ReadAsync(Stream source, CancellationToken token)
    {
        using var file = new MemoryStream();
        await source.CopyToAsync(file, token).ConfigureAwait(false);
        ReadOnlyMemory<byte> bytes = file.GetBuffer().AsMemory(0, (int)file.Length);
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF]; // the byte order mark of UTF-8, which editors add
        if (bytes.Span.StartsWith(mark))
            bytes = bytes[mark.Length..];
        if (bytes.Span.Trim(" \t\r\n"u8).IsEmpty)
            throw new RecordingFormatException("line 1", 1, "HAR or lines of JSON", "an empty file");
        return IsJsonLines(bytes) ? [.. JsonLinesFile.Read(bytes)] : ReadHar(bytes);
    }

    private static RecordedConnection[] ReadHar(ReadOnlyMemory<byte> file)
    {
        using JsonDocument json = JsonPlace.Parse(file, firstLine: 1);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("log"u8, out _))
        {
            throw new RecordingFormatException(
                "line 1", 1, "HAR, an object with \"log\", or lines of JSON, the first of the type \"connection\"",
                "other JSON");
        }

        return [.. HarFile.Read(json.RootElement)];
    }

    // HAR may stand in one line, too, and may begin with empty ones.
    private static bool IsJsonLines(ReadOnlyMemory<byte> file)
    {
        var reader = new Utf8JsonReader(file.Span, isFinalBlock: true, default);
        try
        {
            return JsonDocument.TryParseValue(ref reader, out JsonDocument? first) && IsFirst(first);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsFirst(JsonDocument first)
    {
        using (first)
            return JsonLinesFile.IsFirst(first.RootElement);
    }

    private static void EndLine(Utf8JsonWriter json, MemoryStream buffer)
    {
        json.Flush();
        json.Reset();
        buffer.WriteByte((byte)'\n');
    }

    private static async Task MoveAsync(MemoryStream buffer, Stream target, CancellationToken token)
    {
        await target.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), token).ConfigureAwait(false);
        buffer.SetLength(0);
    }
}
