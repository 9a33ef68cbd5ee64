namespace Duplex.Tests;

/// <summary>What a handshake's request has in every version.</summary>
public sealed class HttpHandshakeTests
{
    private static readonly Uri Target = new("ws://host.test/path?q=1");

    public static TheoryData<string> Forms => ["1.1", "2"];

    [Theory, MemberData(nameof(Forms))]
    public void The_offers_and_the_markers_headers_and_options_go_along(string form)
    {
        using var marker = new HttpRequestMessage(HttpMethod.Get, "http://host.test/");
        marker.Headers.TryAddWithoutValidation("Authorization", "Bearer x");
        marker.Headers.TryAddWithoutValidation("Connection", "close");
        marker.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "mine");
        marker.Options.Set(new HttpRequestOptionsKey<string>("mine"), "here");
        marker.Options.Set(new HttpRequestOptionsKey<string>(EnginePlugin.Mark), "an attempt");

        using HttpRequestMessage request = Over(form).CreateRequest(Target, marker, ["a", "b"], "toy; x=1");

        Assert.Equal("a, b", FakePrimaryHandler.Value(request, "Sec-WebSocket-Protocol"));
        Assert.Equal("toy; x=1", FakePrimaryHandler.Value(request, "Sec-WebSocket-Extensions"));
        Assert.Equal("Bearer x", FakePrimaryHandler.Value(request, "Authorization"));
        Assert.NotEqual("close", FakePrimaryHandler.Value(request, "Connection"));
        Assert.NotEqual("mine", FakePrimaryHandler.Value(request, "Sec-WebSocket-Key"));
        Assert.Equal(["mine"], request.Options.Select(option => option.Key));
    }

    [Theory, MemberData(nameof(Forms))]
    public void Without_offers_there_are_no_headers_for_them(string form)
    {
        using var marker = new HttpRequestMessage(HttpMethod.Get, "http://host.test/");

        using HttpRequestMessage request = Over(form).CreateRequest(Target, marker, [], null);

        Assert.Null(FakePrimaryHandler.Value(request, "Sec-WebSocket-Protocol"));
        Assert.Null(FakePrimaryHandler.Value(request, "Sec-WebSocket-Extensions"));
    }

    [Theory, MemberData(nameof(Forms))]
    public void A_value_that_would_break_the_request_is_refused(string form)
    {
        using var marker = new HttpRequestMessage(HttpMethod.Get, "http://host.test/");
        marker.Headers.TryAddWithoutValidation("X-Value", "a\r\nX-Other: b");

        Assert.Throws<ArgumentException>(() => Over(form).CreateRequest(Target, marker, [], null));
    }

    private static HttpHandshake Over(string form) => form == "2" ? new ExtendedConnect() : new HttpUpgrade();
}
