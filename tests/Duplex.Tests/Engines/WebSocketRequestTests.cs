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
        Assert.Throws<ArgumentOutOfRangeException>(() => request.ReceiveMode = (ReceiveMode)3);

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

    [Theory]
    [InlineData("wss://host.test/feed", "wss://host.test/feed?access_token=a%2Bb%26c")]
    [InlineData("wss://host.test/feed?x=1", "wss://host.test/feed?x=1&access_token=a%2Bb%26c")]
    [InlineData("/feed", "/feed?access_token=a%2Bb%26c")]
    [InlineData("feed?", "feed?&access_token=a%2Bb%26c")]
    [InlineData("ws://host.test/a%2Fb", "ws://host.test/a%2Fb?access_token=a%2Bb%26c")]
    [InlineData("ws://host.test/feed#part", "ws://host.test/feed?access_token=a%2Bb%26c#part")]
    public void A_token_is_added_to_any_url(string before, string after)
    {
        var request = new WebSocketRequest { Uri = new Uri(before, UriKind.RelativeOrAbsolute) };

        request.AddTokenToQuery("a+b&c");

        Assert.Equal(after, request.Uri.OriginalString);
    }

    [Fact]
    public void A_token_in_the_query_has_the_name_that_the_server_expects()
    {
        var request = new WebSocketRequest { Uri = new Uri("ws://host.test/") };

        request.AddTokenToQuery("t", "api key");

        Assert.Equal("?api%20key=t", request.Uri.Query);
    }

    [Theory]
    [InlineData("eyJh.eyJz.c2ln_-", "", false, "eyJh.eyJz.c2ln_-")]
    [InlineData("eyJh", "bearer.", false, "bearer.eyJh")]
    [InlineData("eyJh", "base64url.bearer.authorization.k8s.io.", true, "base64url.bearer.authorization.k8s.io.ZXlKaA")]
    [InlineData("a/b=ü", "", false, "YS9iPcO8")]
    public void A_token_becomes_a_subprotocol_that_is_legal(string token, string prefix, bool always, string offered)
    {
        var request = new WebSocketRequest();
        request.Subprotocols.Add("chat.v1");

        request.AddTokenToSubprotocols(token, prefix, always);

        Assert.Equal(["chat.v1", offered], request.Subprotocols);
    }

    [Fact]
    public void A_token_that_cannot_be_sent_is_refused()
    {
        var request = new WebSocketRequest();

        Assert.Throws<InvalidOperationException>(() => request.AddTokenToQuery("t"));
        Assert.Throws<ArgumentException>(() => request.AddTokenToQuery(""));
        Assert.Throws<ArgumentException>(() => request.AddTokenToSubprotocols(""));
        Assert.ThrowsAny<ArgumentException>(() => request.AddTokenToSubprotocols("t", "two words "));
    }
}
