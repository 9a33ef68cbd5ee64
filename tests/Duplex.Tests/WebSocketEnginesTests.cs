using System.Net.WebSockets;

namespace Duplex.Tests;

public sealed class WebSocketEnginesTests
{
    [Fact]
    public void Http_can_do_everything_and_is_one()
    {
        Assert.Same(WebSocketEngines.Http, WebSocketEngines.Http);
        Assert.Equal("Http", WebSocketEngines.Http.Name);
        Assert.All(Enum.GetValues<EngineCapability>(), capability => Assert.True(WebSocketEngines.Http.Supports(capability)));
    }

    [Fact]
    [KtorParity("http/OkHttpConfig.webSocketFactory")]
    public void A_socket_carries_messages_and_what_its_function_honours()
    {
        static ValueTask<WebSocket> Connect(WebSocketRequest request, CancellationToken token) => throw new NotSupportedException();

        Assert.Equal([EngineCapability.WebSocket], Capabilities(WebSocketEngines.From(Connect)));
        Assert.Equal(
            [EngineCapability.WebSocket, EngineCapability.RequestHeaders, EngineCapability.HttpVersion],
            Capabilities(WebSocketEngines.From(Connect, EngineCapability.HttpVersion, EngineCapability.RequestHeaders)));
        Assert.False(WebSocketEngines.From(Connect).Profile.Masks);
    }

    [Fact]
    [KtorParity("http/OkHttpConfig.webSocketFactory")]
    public void A_stream_carries_every_frame_and_what_its_function_honours()
    {
        static ValueTask<Stream> Connect(WebSocketRequest request, CancellationToken token) => throw new NotSupportedException();
        EngineCapability[] own = [EngineCapability.WebSocket, EngineCapability.ControlFrames, EngineCapability.FrameLimits, EngineCapability.LenientText];

        Assert.Equal(own, Capabilities(WebSocketEngines.FromStream(Connect)));
        Assert.Equal([.. own.SkipLast(1), EngineCapability.RequestHeaders, own[^1]], Capabilities(WebSocketEngines.FromStream(Connect, EngineCapability.RequestHeaders)));
        Assert.Equal("Stream", WebSocketEngines.FromStream(Connect).Name);
        Assert.True(WebSocketEngines.FromStream(Connect).Profile.Masks);
    }

    [Theory]
    [InlineData(EngineCapability.WebSocket)]
    [InlineData(EngineCapability.WebSocketExtensions)]
    [InlineData(EngineCapability.ControlFrames)]
    [InlineData(EngineCapability.FrameLimits)]
    [InlineData(EngineCapability.Response)]
    [InlineData(EngineCapability.LenientText)]
    [InlineData((EngineCapability)77)]
    public void No_function_adds_what_does_not_depend_on_it(EngineCapability capability)
    {
        Assert.Throws<ArgumentException>(() => WebSocketEngines.From((_, _) => throw new NotSupportedException(), capability));
        Assert.Throws<ArgumentException>(() => WebSocketEngines.FromStream((_, _) => throw new NotSupportedException(), capability));
    }

    [Fact]
    public void There_must_be_a_function()
    {
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.From(null!));
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.FromStream(null!));
    }

    private static IEnumerable<EngineCapability> Capabilities(WebSocketEngine engine) => Enum.GetValues<EngineCapability>().Where(engine.Supports);
}
