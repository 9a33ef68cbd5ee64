using System.Text;
using System.Text.Json;

namespace Duplex.Tests;

public sealed class HarFileTests
{
    [Fact]
    public void It_is_what_browsers_tools_read()
    {
        using JsonDocument har = Write(new RecordedConnection(new Uri("wss://host.test/feed"), Sample.Started, Sample.Frames, 3, 4));

        JsonElement log = har.RootElement.GetProperty("log");
        Assert.Equal("1.2", log.GetProperty("version").GetString());
        Assert.Equal("Duplex.Testing", log.GetProperty("creator").GetProperty("name").GetString());
        JsonElement entry = Assert.Single(log.GetProperty("entries").EnumerateArray());
        Assert.Equal("2026-05-01T12:00:00.1234567Z", entry.GetProperty("startedDateTime").GetString());
        Assert.Equal("websocket", entry.GetProperty("_resourceType").GetString());
        Assert.Equal(("GET", "wss://host.test/feed"), (entry.GetProperty("request").GetProperty("method").GetString(), entry.GetProperty("request").GetProperty("url").GetString()));
        Assert.Equal(101, entry.GetProperty("response").GetProperty("status").GetInt32());
        Assert.Equal((3, 4), (entry.GetProperty("_omittedFrames").GetInt32(), entry.GetProperty("_omittedPayloads").GetInt32()));

        // HAR 1.2 requires them.
        foreach (string name in (string[])["time", "cache", "timings"])
            Assert.True(entry.TryGetProperty(name, out _), name);
        foreach (string name in (string[])["httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"])
            Assert.True(entry.GetProperty("request").TryGetProperty(name, out _), name);
        foreach (string name in (string[])["statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"])
            Assert.True(entry.GetProperty("response").TryGetProperty(name, out _), name);
    }

    [Fact]
    public void A_message_has_type_time_opcode_and_data_as_Chrome_has_them()
    {
        using JsonDocument har = Write(new RecordedConnection(null, Sample.Started, Sample.Frames));
        JsonElement[] messages = [.. har.RootElement.GetProperty("log").GetProperty("entries")[0].GetProperty("_webSocketMessages").EnumerateArray()];

        Assert.Equal("send", messages[0].GetProperty("type").GetString());
        Assert.Equal(1, messages[0].GetProperty("opcode").GetInt32());
        Assert.Equal("grüße \"<&>\"", messages[0].GetProperty("data").GetString());
        Assert.Equal(1777636800.6234567m, messages[0].GetProperty("time").GetDecimal());
        Assert.Equal(4, messages[0].EnumerateObject().Count()); // nothing else for what is usual
        Assert.Equal("receive", messages[1].GetProperty("type").GetString());
        Assert.Equal("AQL/", messages[1].GetProperty("data").GetString());
        Assert.Equal(4, messages[1].EnumerateObject().Count());
        Assert.Equal("base64", messages[2].GetProperty("_encoding").GetString());
        Assert.True(messages[5].GetProperty("_compressed").GetBoolean());
    }

    [Fact]
    public void It_reads_back_what_it_wrote()
    {
        using JsonDocument har = Write(new RecordedConnection(new Uri("wss://host.test/feed"), Sample.Started, Sample.Frames, 3, 4));

        RecordedConnection read = Assert.Single(HarFile.Read(har.RootElement));

        Assert.Equal((new Uri("wss://host.test/feed"), Sample.Started, 3L, 4L), (read.Url, read.Started, read.OmittedFrames, read.OmittedPayloads));
        Assert.Equal(Sample.Frames.Select(Sample.Describe), read.Frames.Select(Sample.Describe));
    }

    [Fact]
    public void It_reads_what_Chrome_writes()
    {
        using JsonDocument har = JsonDocument.Parse("""
            {"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[],"entries":[
              {"startedDateTime":"2026-05-01T12:00:00.100Z","time":1,"request":{"method":"GET","url":"https://host.test/page"},"response":{"status":200}},
              {"_resourceType":"websocket","startedDateTime":"2026-05-01T12:00:01.000Z","request":{"method":"GET","url":"wss://host.test/feed?x=1"},"response":{"status":101},
               "_webSocketMessages":[
                {"type":"send","time":1777636801.5,"opcode":1,"data":"hello"},
                {"type":"receive","time":1777636802.25,"opcode":2,"data":"AQI="},
                {"type":"error","time":1777636802.3,"opcode":-1,"data":"closed"},
                {"type":"receive","time":1777636800.9,"opcode":1,"data":""}]}]}}
            """);

        RecordedConnection read = Assert.Single(HarFile.Read(har.RootElement));

        Assert.Equal(["hello", null, ""], read.Frames.Select(frame => frame.Text));
        Assert.Equal([0.5, 1.25, 0], read.Frames.Select(frame => frame.Offset.TotalSeconds)); // clocks may differ a little
        Assert.Equal([1, 2], read.Frames[1].Payload!.Value.ToArray());
        Assert.All(read.Frames, frame => Assert.True(frame.Fin));
    }

    [Theory]
    [InlineData("\"type\":\"sent\",\"time\":1,\"opcode\":1,\"data\":\"\"", "type", "send, receive or error", "\"sent\"")]
    [InlineData("\"type\":\"send\",\"time\":\"1\",\"opcode\":1,\"data\":\"\"", "time", "a number", "a string")]
    [InlineData("\"type\":\"send\",\"time\":1777636800000,\"opcode\":1,\"data\":\"\"", "time", "seconds since 1970", "1777636800000")]
    [InlineData("\"type\":\"send\",\"time\":1,\"opcode\":16,\"data\":\"\"", "opcode", "a whole number from 0 to 15", "16")]
    [InlineData("\"type\":\"send\",\"time\":1,\"opcode\":2,\"data\":\"?\"", "data", "base64", "a string that is none")]
    [InlineData("\"type\":\"send\",\"time\":1,\"opcode\":1", "data", "a string", "nothing")]
    public void A_bad_message_is_told_with_its_place(string message, string name, string expected, string found)
    {
        using JsonDocument har = JsonDocument.Parse($$$$"""{"log":{"entries":[{"startedDateTime":"2026-05-01T12:00:00Z","request":{"url":"wss://h.test/"},"_webSocketMessages":[{ {{{{message}}}} }]}]}}""");

        RecordingFormatException error = Assert.Throws<RecordingFormatException>(() => HarFile.Read(har.RootElement).ToArray());

        Assert.Equal(($"log.entries[0]._webSocketMessages[0].{name}", expected, found), (error.Place, error.Expected, error.Found));
        Assert.Null(error.Line);
    }

    private static JsonDocument Write(RecordedConnection connection)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
            HarFile.Write(json, [connection]);
        return JsonDocument.Parse(Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
