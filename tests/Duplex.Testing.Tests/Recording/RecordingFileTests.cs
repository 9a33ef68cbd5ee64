using System.Text;

namespace Duplex.Tests;

public sealed class RecordingFileTests
{
    [Theory, InlineData(RecordingFormat.Har), InlineData(RecordingFormat.JsonLines)]
    public async Task The_format_is_found_by_the_content_also_after_a_byte_order_mark(RecordingFormat format)
    {
        using var file = new MemoryStream();
        file.Write([0xEF, 0xBB, 0xBF]);
        var connection = new RecordedConnection(null, Sample.Started, Sample.Frames);
        await RecordingFile.WriteAsync(file, format, [connection, connection], CancellationToken.None);
        Assert.Equal(format == RecordingFormat.Har ? 1 : 2 * (1 + Sample.Frames.Length), Encoding.UTF8.GetString(file.ToArray()).Count(c => c == '\n'));
        file.Position = 0;

        IReadOnlyList<RecordedConnection> read = await RecordingFile.ReadAsync(file, CancellationToken.None);

        Assert.Equal(2, read.Count);
        Assert.Equal(Sample.Frames.Select(Sample.Describe), read[1].Frames.Select(Sample.Describe));
    }

    [Fact]
    public async Task A_large_recording_is_written_and_read_whole()
    {
        using var file = new MemoryStream();
        RecordedFrame[] frames = [.. Enumerable.Range(0, 5000).Select(i => Sample.Text(RecordedDirection.Sent, i, $"message {i}"))];
        await RecordingFile.WriteAsync(file, RecordingFormat.JsonLines, [new RecordedConnection(null, Sample.Started, frames)], CancellationToken.None);
        file.Position = 0;

        RecordedConnection read = Assert.Single(await RecordingFile.ReadAsync(file, CancellationToken.None));

        Assert.Equal(frames.Select(Sample.Describe), read.Frames.Select(Sample.Describe));
    }

    [Theory]
    [InlineData("", 1, "an empty file")]
    [InlineData(" \n ", 1, "an empty file")]
    [InlineData("{\"a\":1}", 1, "other JSON")]
    [InlineData("[]", 1, "other JSON")]
    [InlineData("{\"log\":\n\n}", 3, "text that is none")]
    [InlineData("hello", 1, "text that is none")]
    public async Task What_is_no_recording_is_told(string text, long line, string found)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(text));

        RecordingFormatException error = await Assert.ThrowsAsync<RecordingFormatException>(() => RecordingFile.ReadAsync(file, CancellationToken.None));

        Assert.Equal((line, found), (error.Line, error.Found));
    }

    [Fact]
    public void A_name_tells_the_format_to_write()
    {
        Assert.Equal(RecordingFormat.Har, RecordingFile.FormatOf("a/b.HAR"));
        Assert.Equal(RecordingFormat.JsonLines, RecordingFile.FormatOf("b.jsonl"));
        Assert.Throws<ArgumentException>(() => RecordingFile.FormatOf("b.json"));
    }
}
