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
    public void It_has_no_headers_options_and_subprotocols_until_somebody_asks_for_them()
    {
        var request = new WebSocketRequest();
        Assert.Equal((false, false, false), (request.HasHeaders, request.HasOptions, request.HasSubprotocols));

        request.Headers.Add("X-Id", "1");
        request.Options.Set(new HttpRequestOptionsKey<int>("id"), 2);
        request.Subprotocols.Add("chat");

        Assert.Equal((true, true, true), (request.HasHeaders, request.HasOptions, request.HasSubprotocols));
        Assert.Equal("1", Assert.Single(request.Headers.GetValues("X-Id")));
        Assert.Equal(2, Assert.Single(request.Options).Value);
        Assert.Equal("chat", Assert.Single(request.Subprotocols));
    }

    [Fact]
    public void It_remembers_whether_its_compression_was_set_also_to_none()
    {
        var request = new WebSocketRequest();
        Assert.Equal((null, false, false), (request.Compression, request.IsCompressionSet, request.RequireSubprotocol));

        request.Compression = null;

        Assert.Equal((null, true), (request.Compression, request.IsCompressionSet));
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

    [Fact]
    public void A_version_or_policy_that_does_not_exist_is_refused_where_it_is_set()
    {
        var request = new WebSocketRequest();

        Assert.Throws<ArgumentNullException>("value", () => request.Version = null!);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => request.VersionPolicy = (HttpVersionPolicy)3);
        Assert.False(request.IsVersionSet);
    }
}
