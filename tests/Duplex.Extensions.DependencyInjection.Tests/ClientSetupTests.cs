using Microsoft.Extensions.Options;

namespace Duplex.Tests;

public sealed class ClientSetupTests
{
    [Theory]
    [InlineData("feed", "feed", true)]
    [InlineData("feed", "other", false)]
    [InlineData("feed", null, false)]
    [InlineData(null, "feed", true)]
    [InlineData(null, null, true)]
    public void It_applies_to_its_client_or_to_all(string? client, string? name, bool applies)
    {
        var options = new WebSocketsOptions();
        var setup = new CodeSetup(client, options => options.MaxFragments = 7);

        setup.Configure(name, options);

        Assert.Equal(applies, setup.AppliesTo(name));
        Assert.Equal(applies, options.MaxFragments == 7);
        Assert.Equal(client is null, setup.IsDefault);
    }

    [Fact]
    public void Without_a_name_the_client_is_the_default_one()
    {
        var options = new WebSocketsOptions();

        new CodeSetup("feed", options => options.MaxFragments = 7).Configure(options);
        Assert.NotEqual(7, options.MaxFragments);
        new CodeSetup(Options.DefaultName, options => options.MaxFragments = 7).Configure(options);

        Assert.Equal(7, options.MaxFragments);
    }
}
