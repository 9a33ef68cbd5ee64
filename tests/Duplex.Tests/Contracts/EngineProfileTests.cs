namespace Duplex.Tests;

public sealed class EngineProfileTests
{
    [Fact]
    [KtorParity("plugin/WebSocketCapability")]
    public void It_can_do_what_was_said_and_nothing_else()
    {
        var profile = new EngineProfile("Some", EngineCapability.WebSocket, EngineCapability.Response);

        Assert.Equal([EngineCapability.WebSocket, EngineCapability.Response], Enum.GetValues<EngineCapability>().Where(profile.Supports));
        Assert.False(profile.Supports((EngineCapability)32)); // whose bit would be that of WebSocket
        Assert.False(profile.Supports((EngineCapability)(-1)));
        Assert.True(profile.Masks);
    }

    [Fact]
    public void The_complete_one_can_do_everything() => Assert.All(Enum.GetValues<EngineCapability>(), capability => Assert.True(EngineProfile.Complete.Supports(capability)));

    [Fact]
    public void A_refusal_names_engine_capability_and_setting()
    {
        var profile = new EngineProfile("Some", EngineCapability.WebSocket);

        profile.Require(EngineCapability.WebSocket, "That");
        var error = Assert.Throws<NotSupportedException>(() => profile.Require(EngineCapability.FrameLimits, "This"));

        Assert.Contains("This needs the capability FrameLimits, which the engine Some lacks", error.Message, StringComparison.Ordinal);
    }
}
