using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

/// <summary>See also SettingsReadingTests, for each key.</summary>
public sealed class SettingsBindingTests
{
    private const string Deflate = "Extensions:PerMessageDeflate";

    [Fact]
    public void It_reads_the_section_each_time()
    {
        IConfigurationRoot configuration = Clients.Configuration(("MaxFragments", "1"));
        var binding = new SettingsBinding(null, configuration, refusesUnknownKeys: false);
        WebSocketsOptions first = new(), second = new();

        binding.Configure(first);
        configuration["MaxFragments"] = "2";
        binding.Configure(second);

        Assert.Equal((1, 2), (first.MaxFragments, second.MaxFragments));
    }

    [Fact]
    public void Failures_of_all_keys_are_reported_together_those_of_permessage_deflate_too()
    {
        var binding = new SettingsBinding("feed", Clients.Configuration(("MaxFragments", "0"), ($"{Deflate}:MaxExpansion", "0"), ("Other", "1")), refusesUnknownKeys: true);

        var error = Assert.Throws<OptionsValidationException>(() => binding.Configure("feed", new WebSocketsOptions()));

        Assert.Equal(("feed", 3), (error.OptionsName, error.Failures.Count()));
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("", true)]
    public void Only_enabled_false_removes_what_is_installed(string enabled, bool stays)
    {
        var options = new WebSocketsOptions();
        options.Extensions.InstallPerMessageDeflate();

        new SettingsBinding(null, Clients.Configuration(($"{Deflate}:Enabled", enabled)), refusesUnknownKeys: true).Configure(options);

        Assert.Equal(stays, options.Extensions.Remove("permessage-deflate"));
    }
}
