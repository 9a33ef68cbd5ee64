namespace Duplex.Tests;

public class WebSocketExtensionParameterTests
{
    [Fact]
    public void A_parameter_without_a_value_is_its_name() => Assert.Equal("flow-control", new WebSocketExtensionParameter("flow-control").ToString());

    [Fact]
    public void A_parameter_with_a_value_has_an_equals_sign() =>
        Assert.Equal("max-channels=4", new WebSocketExtensionParameter("max-channels", "4").ToString());
}
