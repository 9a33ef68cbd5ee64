using System.Net;

namespace Duplex.Tests;

public sealed class WebSocketRequestTests
{
    [Fact]
    public void It_asks_for_messages_unless_somebody_wants_streams()
    {
        var request = new WebSocketRequest();
        Assert.Equal(ReceiveMode.Messages, request.ReceiveMode);

        request.ReceiveMode = ReceiveMode.Streams;
        Assert.Throws<ArgumentOutOfRangeException>(() => request.ReceiveMode = (ReceiveMode)2);

        Assert.Equal(ReceiveMode.Streams, request.ReceiveMode);
    }

    [Fact]
    public void It_remembers_whether_somebody_chose_the_version()
    {
        var request = new WebSocketRequest();
        request.UseDefaults(HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrHigher);
        Assert.Equal((HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrHigher, false), (request.Version, request.VersionPolicy, request.IsVersionSet));

        request.Version = HttpVersion.Version20; // the same is a choice, too
        Assert.True(request.IsVersionSet);
        Assert.True(new WebSocketRequest { VersionPolicy = HttpVersionPolicy.RequestVersionExact }.IsVersionSet);
    }
}
