using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;

namespace Duplex.Tests;

public sealed class BodyPreviewTests
{
    [Fact]
    public async Task A_short_body_is_read_whole() =>
        Assert.Equal("No entry: größer", await BodyPreview.ReadAsync(new StringContent("No entry: größer"), CancellationToken.None).Soon());

    [Fact]
    public async Task A_long_body_is_cut_at_4096_bytes() =>
        Assert.Equal(new string('x', 4096), await BodyPreview.ReadAsync(new ByteArrayContent(Encoding.ASCII.GetBytes(new string('x', 10_000))), CancellationToken.None).Soon());

    [Fact]
    public async Task A_character_that_is_cut_in_two_is_left_out() =>
        Assert.Equal(new string('x', 4095), await BodyPreview.ReadAsync(new StringContent(new string('x', 4095) + "ö and more"), CancellationToken.None).Soon());

    [Fact]
    public async Task A_body_that_cannot_be_decompressed_gives_what_came_before()
    {
        // A handler that decompresses takes Content-Encoding off, and fails while it is read.
        var content = new StreamContent(new GZipStream(new MemoryStream([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress));

        Assert.Null(await BodyPreview.ReadAsync(content, CancellationToken.None).Soon());
    }

    [Fact]
    public async Task An_empty_body_gives_none() => Assert.Null(await BodyPreview.ReadAsync(new ByteArrayContent([]), CancellationToken.None).Soon());

    [Theory]
    [InlineData("iso-8859-1", "fermé")]
    [InlineData("\"utf-16\"", "fermé")]
    public async Task The_bodys_own_encoding_is_used(string charset, string text)
    {
        var content = new ByteArrayContent(Encoding.GetEncoding(charset.Trim('"')).GetBytes(text));
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain") { CharSet = charset };

        Assert.Equal(text, await BodyPreview.ReadAsync(content, CancellationToken.None).Soon());
    }

    [Theory]
    [InlineData("no-such-encoding")]
    [InlineData("utf-7")]
    public async Task An_encoding_that_is_unknown_or_refused_falls_back_to_utf8(string charset)
    {
        var content = new ByteArrayContent("plain"u8.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain") { CharSet = charset };

        Assert.Equal("plain", await BodyPreview.ReadAsync(content, CancellationToken.None).Soon());
    }

    [Fact]
    public async Task A_compressed_body_is_no_text()
    {
        var content = new ByteArrayContent([0x1f, 0x8b, 8, 0]);
        content.Headers.ContentEncoding.Add("gzip");

        Assert.Null(await BodyPreview.ReadAsync(content, CancellationToken.None).Soon());
    }

    [Fact]
    public async Task What_came_before_the_token_fired_is_kept_even_if_the_stream_ignores_it()
    {
        using var source = new CancellationTokenSource();
        var stream = new StuckStream("begun"u8.ToArray());

        Task<string?> reading = BodyPreview.ReadAsync(new ConnectionContent(stream), source.Token);
        await stream.Stuck.Soon();
        await source.CancelAsync();

        Assert.Equal("begun", await reading.Soon());
    }

    [Fact]
    public async Task What_came_before_the_stream_broke_is_kept() =>
        Assert.Equal("begun", await BodyPreview.ReadAsync(new ConnectionContent(new StuckStream("begun"u8.ToArray(), new IOException("broken"))), CancellationToken.None).Soon());

    /// <summary>Gives some bytes, then nothing more, whatever token it is given, or an error.</summary>
    private sealed class StuckStream(byte[] bytes, Exception? error = null) : MemoryStream
    {
        private readonly TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _given;

        public Task Stuck => _stuck.Task;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_given)
            {
                _stuck.TrySetResult();
                return new(error is null ? new TaskCompletionSource<int>().Task : Task.FromException<int>(error));
            }

            _given = true;
            bytes.CopyTo(buffer);
            return new(bytes.Length);
        }
    }
}
