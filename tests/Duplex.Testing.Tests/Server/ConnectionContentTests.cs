namespace Duplex.Tests;

public sealed class ConnectionContentTests
{
    [Fact]
    public async Task Its_stream_is_the_connection_and_goes_with_it()
    {
        var stream = new MemoryStream();
        var content = new ConnectionContent(stream);

        Assert.Same(stream, await content.ReadAsStreamAsync());
        using var other = new ConnectionContent(stream);
        Assert.Same(stream, other.ReadAsStream());
        Assert.Null(content.Headers.ContentLength);
        await Assert.ThrowsAsync<NotSupportedException>(() => content.CopyToAsync(Stream.Null));
        content.Dispose();
        Assert.False(stream.CanRead);
    }
}
