namespace Duplex.Tests;

public sealed class WebSocketEngineTests
{
    [Fact]
    [KtorParity("plugin/WebSocketCapability")]
    public void An_engine_tells_its_name_and_what_it_can_do()
    {
        WebSocketEngine engine = WebSocketEngines.From((_, _) => throw new NotSupportedException());

        Assert.Equal("WebSocket", engine.Name);
        Assert.Equal("WebSocket", engine.ToString());
        Assert.True(engine.Supports(EngineCapability.WebSocket));
        Assert.False(engine.Supports(EngineCapability.ControlFrames));
        Assert.False(engine.Supports((EngineCapability)99));
    }
}
