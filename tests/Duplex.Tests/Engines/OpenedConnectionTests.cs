namespace Duplex.Tests;

public sealed class OpenedConnectionTests
{
    [Fact]
    public void Disposed_it_releases_its_owner_and_its_extensions()
    {
        var stream = new MemoryStream();
        var extension = new ToyExtension();
        var connection = new OpenedConnection(stream, stream, null!, new ExtensionChain(extension));

        connection.Dispose();

        Assert.False(stream.CanRead);
        Assert.Equal(1, extension.Disposals);
    }

    [Fact]
    public void An_owner_that_fails_to_be_disposed_does_not_keep_the_extensions()
    {
        var extension = new ToyExtension();
        var connection = new OpenedConnection(Stream.Null, new Failing(), null!, new ExtensionChain(extension));

        Assert.Throws<IOException>(connection.Dispose);

        Assert.Equal(1, extension.Disposals);
    }

    private sealed class Failing : IDisposable
    {
        public void Dispose() => throw new IOException("already gone");
    }
}
