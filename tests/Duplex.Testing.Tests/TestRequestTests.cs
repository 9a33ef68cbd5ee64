namespace Duplex.Tests;

public sealed class TestRequestTests
{
    [Fact]
    public void It_keeps_what_the_request_had()
    {
        var uri = new Uri("ws://any.test/a?b=c");
        var message = new HttpRequestMessage(HttpMethod.Get, uri) { Version = new Version(1, 1) };
        message.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", "a,b");
        message.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", "c");
        message.Headers.Add("X-Test", ["1", "2"]);

        var request = new TestRequest(message);
        message.Headers.Clear();

        Assert.Equal((uri, HttpMethod.Get, new Version(1, 1)), (request.Uri, request.Method, request.Version));
        Assert.Equal(["a", "b", "c"], request.Subprotocols);
        Assert.Equal("1, 2", request.Headers["x-test"]);
        Assert.Empty(new TestRequest(message).Subprotocols);
    }
}
