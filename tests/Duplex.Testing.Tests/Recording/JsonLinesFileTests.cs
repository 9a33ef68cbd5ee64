using System.Text;
using System.Text.Json;

namespace Duplex.Tests;

public sealed class JsonLinesFileTests
{
    private const string First = """{"type":"connection","version":1,"started":"2026-05-01T12:00:00Z"}""";

    [Fact]
    public void A_connection_and_a_frame_are_one_line_each()
    {
        Assert.Equal(
            """{"type":"connection","version":1,"url":"wss://host.test/feed","started":"2026-05-01T12:00:00.1234567Z","omittedFrames":3,"omittedPayloads":4}""",
            Line(json => JsonLinesFile.WriteConnection(json, new RecordedConnection(new Uri("wss://host.test/feed"), Sample.Started, [], 3, 4))));
        Assert.Equal(
            """{"type":"frame","direction":"receive","offset":0.6000001,"opcode":2,"fin":true,"length":3,"base64":"AQL/"}""",
            Line(json => JsonLinesFile.WriteFrame(json, Sample.Frames[1])));
        Assert.Equal(
            """{"type":"frame","direction":"send","offset":1.2,"opcode":1,"fin":true,"redacted":true,"length":12,"text":"***"}""",
            Line(json => JsonLinesFile.WriteFrame(json, Sample.Frames[7])));
    }

    [Fact]
    public void It_reads_back_what_it_wrote()
    {
        var file = new StringBuilder().Append(Line(json => JsonLinesFile.WriteConnection(json, new RecordedConnection(null, Sample.Started, [], 3, 4)))).Append("\r\n\n");
        foreach (RecordedFrame frame in Sample.Frames)
            file.Append(Line(json => JsonLinesFile.WriteFrame(json, frame))).Append('\n');
        file.Append(First);

        RecordedConnection[] read = Read(file.ToString());

        Assert.Equal(2, read.Length);
        Assert.Equal((null, Sample.Started, 3L, 4L), (read[0].Url, read[0].Started, read[0].OmittedFrames, read[0].OmittedPayloads));
        Assert.Equal(Sample.Frames.Select(Sample.Describe), read[0].Frames.Select(Sample.Describe));
        Assert.Empty(read[1].Frames);
    }

    [Theory]
    [InlineData("""{"type":"frame","direction":"up","offset":0,"opcode":1}""", "line 2, \"direction\"", "send or receive", "\"up\"")]
    [InlineData("""{"type":"frame","direction":"send","offset":-1,"opcode":1}""", "line 2, \"offset\"", "seconds, not negative", "-1")]
    [InlineData("""{"type":"frame","direction":"send","offset":0}""", "line 2, \"opcode\"", "a whole number from 0 to 15", "nothing")]
    [InlineData("""{"type":"frame","direction":"send","offset":0,"opcode":1,"base64":"?"}""", "line 2, \"base64\"", "base64", "a string that is none")]
    [InlineData("""{"type":"page"}""", "line 2, \"type\"", "connection or frame", "\"page\"")]
    [InlineData("""{"type":"connection","version":2,"started":"2026-05-01T12:00:00Z"}""", "line 2, \"version\"", "a whole number from 1 to 1", "2")]
    [InlineData("""{"type":"connection","version":1,"started":"today"}""", "line 2, \"started\"", "a date and time (ISO 8601)", "another string")]
    [InlineData("""{"type":"connection","version":1,"started":"2026-05-01T12:00:00Z","url":"feed"}""", "line 2, \"url\"", "an absolute URL", "another string")]
    [InlineData("[1]", "line 2", "an object", "an array")]
    [InlineData("{", "line 2", "JSON", "text that is none")]
    public void A_bad_line_is_told_with_its_number(string line, string place, string expected, string found)
    {
        RecordingFormatException error = Assert.Throws<RecordingFormatException>(() => Read($"{First}\n{line}\n"));

        Assert.Equal((place, 2L, expected, found), (error.Place, error.Line, error.Expected, error.Found));
    }

    [Fact]
    public void A_frame_before_a_connection_is_told() =>
        Assert.Equal(1, Assert.Throws<RecordingFormatException>(() => Read("""{"type":"frame"}""")).Line);

    [Fact]
    public void The_first_line_tells_the_format()
    {
        Assert.True(Is(First));
        Assert.False(Is("""{"log":{}}"""));
        Assert.False(Is("[1]"));
        Assert.False(Is("""{"type":1}"""));

        static bool Is(string text)
        {
            using JsonDocument json = JsonDocument.Parse(text);
            return JsonLinesFile.IsFirst(json.RootElement);
        }
    }

    private static RecordedConnection[] Read(string text) => [.. JsonLinesFile.Read(Encoding.UTF8.GetBytes(text))];

    private static string Line(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
            write(json);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
