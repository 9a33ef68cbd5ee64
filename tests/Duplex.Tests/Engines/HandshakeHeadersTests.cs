using System.Net.Http.Headers;

namespace Duplex.Tests;

public sealed class HandshakeHeadersTests
{
    public static TheoryData<string> Owned =>
    [
        "Connection", "Upgrade", "upgrade", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Expect", "HTTP2-Settings", "Content-Foo",
        "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "sec-websocket-key", "Sec-WebSocket-Anything",
    ];

    [Theory, MemberData(nameof(Owned))]
    [KtorParity("http/HttpHeaders.SecWebSocket")]
    public void A_header_of_ours_is_refused_on_a_request_by_name_and_left_behind_when_copied(string name)
    {
        HttpRequestHeaders headers = Headers((name, "secret"), ("X-Mine", "1"));

        var error = Assert.Throws<ArgumentException>(() => HandshakeHeaders.Check(headers));
        HttpRequestHeaders copy = Headers();
        HandshakeHeaders.Copy(headers, copy);

        Assert.Contains(name, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Equal(["X-Mine"], copy.NonValidated.Select(header => header.Key));
    }

    [Fact]
    public void The_typed_properties_are_no_way_around()
    {
        HttpRequestHeaders close = Headers(), expect = Headers(), chunked = Headers();
        close.ConnectionClose = true;
        expect.ExpectContinue = true;
        chunked.TransferEncodingChunked = true;

        foreach (HttpRequestHeaders headers in new[] { close, expect, chunked })
            Assert.Throws<ArgumentException>(() => HandshakeHeaders.Check(headers));
    }

    [Fact]
    public void Everything_else_is_allowed_and_copied_with_all_its_values()
    {
        HttpRequestHeaders headers = Headers(("Authorization", "Bearer x"), ("Cookie", "a=b; c=d"), ("Host", "other.test"), ("Origin", "https://x"), ("X-Two", "1"), ("X-Two", "2"));
        headers.UserAgent.ParseAdd("Tests/1.0 (a comment)");

        HandshakeHeaders.Check(headers);
        HttpRequestHeaders copy = Headers();
        HandshakeHeaders.Copy(headers, copy);

        Assert.Equal(headers.NonValidated.Select(header => (header.Key, header.Value.ToString())), copy.NonValidated.Select(header => (header.Key, header.Value.ToString())));
    }

    [Fact]
    public void The_offer_of_subprotocols_is_allowed_but_not_copied()
    {
        HttpRequestHeaders headers = Headers((HandshakeHeaders.Protocol, "a"));

        HandshakeHeaders.Check(headers);
        HttpRequestHeaders copy = Headers();
        HandshakeHeaders.Copy(headers, copy);

        Assert.Empty(copy.NonValidated);
    }

    [Theory]
    [InlineData("secret\r\nX-Evil: 1")]
    [InlineData("secret\n")]
    [InlineData("\rsecret")]
    [InlineData("sec\0ret")]
    public void A_line_break_or_nul_in_any_value_is_refused_by_the_headers_name(string value)
    {
        foreach (HttpRequestHeaders headers in new[] { Headers(("X-Value", value)), Headers(("X-Value", "good"), ("X-Value", value)), Headers(("Cookie", "a"), ("X-Value", value)) })
        {
            var error = Assert.Throws<ArgumentException>(() => HandshakeHeaders.CheckValues(headers));
            Assert.Contains("X-Value", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => HandshakeHeaders.Check(headers));
        }
    }

    [Fact]
    [KtorParity("test-protocol/testConnectionWithContentType")]
    public void A_header_of_a_content_is_refused_where_it_is_set()
    {
        var request = new WebSocketRequest();

        Assert.Throws<InvalidOperationException>(() => request.Headers.Add("Content-Type", "text/plain"));
        Assert.False(request.Headers.TryAddWithoutValidation("Content-Type", "text/plain"));
        Assert.Empty(request.Headers);
    }

    [Fact]
    public void A_second_host_is_refused() =>
        Assert.Contains("Host", Assert.Throws<ArgumentException>(() => HandshakeHeaders.CheckValues(Headers(("Host", "a"), ("Host", "b")))).Message, StringComparison.Ordinal);

    [Fact]
    public void Subprotocols_are_taken_from_all_lines_of_their_header()
    {
        Assert.Empty(HandshakeHeaders.Subprotocols(Headers()));
        Assert.Equal(["a", "b", "c"], HandshakeHeaders.Subprotocols(Headers((HandshakeHeaders.Protocol, "a, b"), (HandshakeHeaders.Protocol, "c"))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret words")]
    [InlineData("secret, secret")]
    public void A_malformed_offer_of_subprotocols_is_refused_without_repeating_it(string value)
    {
        var error = Assert.Throws<ArgumentException>(() => HandshakeHeaders.Subprotocols(Headers((HandshakeHeaders.Protocol, value))));
        Assert.Contains(HandshakeHeaders.Protocol, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    private static HttpRequestHeaders Headers(params (string Name, string Value)[] headers)
    {
        HttpRequestHeaders result = new HttpRequestMessage().Headers;
        foreach ((string name, string value) in headers)
            Assert.True(result.TryAddWithoutValidation(name, value));
        return result;
    }
}
