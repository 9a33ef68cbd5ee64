using System.IO.Compression;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

public sealed class SettingsReadingTests
{
    private const string Deflate = "Extensions:PerMessageDeflate";

    // Each key with a value that is not the default, and what it sets.
    private static readonly Dictionary<string, (string Value, Func<WebSocketsOptions, object?> Get, object? Expected)> Keys = new()
    {
        ["PingInterval"] = ("00:00:30", options => options.PingInterval, TimeSpan.FromSeconds(30)),
        ["PingTimeout"] = ("infinite", options => options.PingTimeout, Timeout.InfiniteTimeSpan),
        ["HandshakeTimeout"] = ("00:01:00.5", options => options.HandshakeTimeout, TimeSpan.FromSeconds(60.5)),
        ["CloseTimeout"] = ("1.00:00:00", options => options.CloseTimeout, TimeSpan.FromDays(1)),
        ["HandshakeStrictness"] = ("lenient", options => options.HandshakeStrictness, HandshakeStrictness.Lenient),
        ["MaxFrameSize"] = ("5000000000", options => options.MaxFrameSize, 5_000_000_000),
        ["MaxMessageSize"] = ("1", options => options.MaxMessageSize, 1L),
        ["MaxFragments"] = ("7", options => options.MaxFragments, 7),
        ["TextValidation"] = ("Lenient", options => options.TextValidation, TextValidation.Lenient),
        ["Subprotocols:0"] = ("mqtt", options => options.Subprotocols.Single(), "mqtt"),
        ["TraceSessions"] = ("true", options => options.TraceSessions, true),
        ["Channels:Incoming:Capacity"] = ("10", options => options.Channels.Incoming.Capacity, 10),
        ["Channels:Incoming:MaxBytes"] = ("11", options => options.Channels.Incoming.MaxBytes, 11L),
        ["Channels:Incoming:Overflow"] = ("Close", options => options.Channels.Incoming.Overflow, ChannelOverflow.Close),
        ["Channels:Outgoing:Capacity"] = ("12", options => options.Channels.Outgoing.Capacity, 12),
        ["Channels:Outgoing:MaxBytes"] = ("13", options => options.Channels.Outgoing.MaxBytes, 13L),
        ["Channels:Outgoing:Overflow"] = ("Close", options => options.Channels.Outgoing.Overflow, ChannelOverflow.Close),
    };

    // The same for permessage-deflate, whose options the session's options do not show.
    private static readonly Dictionary<string, (string Value, Func<PerMessageDeflateOptions, object?> Get, object? Expected)> DeflateKeys = new()
    {
        ["Level"] = ("Optimal", options => options.Level, CompressionLevel.Optimal),
        ["MinimumSize"] = ("0", options => options.MinimumSize, 0),
        ["ServerContextTakeover"] = ("false", options => options.ServerContextTakeover, false),
        ["ClientContextTakeover"] = ("false", options => options.ClientContextTakeover, false),
        ["ServerMaxWindowBits"] = ("9", options => options.ServerMaxWindowBits, 9),
        ["AllowsClientMaxWindowBits"] = ("false", options => options.AllowsClientMaxWindowBits, false),
        ["MaxExpansion"] = ("50", options => options.MaxExpansion, 50),
        ["Alternatives:0:ServerContextTakeover"] = ("false", options => options.Alternatives.Single(), new PerMessageDeflateOffer { ServerContextTakeover = false }),
        ["Alternatives:0:ClientContextTakeover"] = ("false", options => options.Alternatives.Single(), new PerMessageDeflateOffer { ClientContextTakeover = false }),
        ["Alternatives:0:ServerMaxWindowBits"] = ("8", options => options.Alternatives.Single(), new PerMessageDeflateOffer { ServerMaxWindowBits = 8 }),
        ["Alternatives:0:AllowsClientMaxWindowBits"] = ("false", options => options.Alternatives.Single(), new PerMessageDeflateOffer { AllowsClientMaxWindowBits = false }),
    };

    public static TheoryData<string> KeyNames => [.. Keys.Keys];

    public static TheoryData<string> DeflateKeyNames => [.. DeflateKeys.Keys];

    [Theory, MemberData(nameof(KeyNames))]
    public void A_key_sets_its_option_and_no_other(string key)
    {
        WebSocketsOptions options = Bind((key, Keys[key].Value));

        Assert.Equal(Keys[key].Expected, Keys[key].Get(options));
        Assert.NotEqual(Keys[key].Expected, key == "Subprotocols:0" ? null : Keys[key].Get(new WebSocketsOptions()));
        foreach (string other in Keys.Keys.Where(other => other != key && other != "Subprotocols:0"))
            Assert.Equal(Keys[other].Get(new WebSocketsOptions()), Keys[other].Get(options));
    }

    [Theory, MemberData(nameof(DeflateKeyNames))]
    public void A_key_sets_its_option_of_permessage_deflate(string key)
    {
        var options = new PerMessageDeflateOptions();
        var reading = new SettingsReading(Clients.Configuration(($"Feed:{Deflate}:{key}", DeflateKeys[key].Value)).GetSection("Feed"), refusesUnknownKeys: true);

        reading.ApplyTo(options);
        reading.ThrowIfFailed("feed");

        Assert.True(reading.HasDeflate);
        Assert.Equal(DeflateKeys[key].Expected, DeflateKeys[key].Get(options));
        if (!key.StartsWith("Alternatives", StringComparison.Ordinal))
            Assert.NotEqual(DeflateKeys[key].Expected, DeflateKeys[key].Get(new PerMessageDeflateOptions()));
    }

    [Fact]
    public void Every_key_is_tested()
    {
        IEnumerable<string> tested = Keys.Keys.Concat(DeflateKeys.Keys.Append("Enabled").Select(key => $"{Deflate}:{key}"));

        Assert.Equal(SettingsKeysTests.Paths(typeof(WebSocketsSettings)).Order(StringComparer.Ordinal), tested.Order(StringComparer.Ordinal));
    }

    // What must not be forgotten in a file. These are for code only, as a file cannot say them.
    [Fact]
    public void Every_option_binds_or_is_for_code_only()
    {
        Assert.Equal(
            Names<WebSocketsOptions>().Except(["ContentConverter", "Engine", "Heartbeat", "LoggerFactory", "MeterFactory", "TimeProvider"]),
            Names<WebSocketsSettings>());
        Assert.Equal(Names<WebSocketChannelsOptions>(), Names<ChannelsSettings>());
        Assert.Equal(Names<ChannelConfig>().Except(["IsUnlimited"]), Names<ChannelSettings>());
        Assert.Equal(Names<PerMessageDeflateOptions>().Except(["CompressIf"]), Names<DeflateSettings>().Except(["Enabled"]));
        Assert.Equal(Names<PerMessageDeflateOffer>(), Names<DeflateOfferSettings>());
        Assert.Equal(["PerMessageDeflate"], Names<ExtensionsSettings>());
        Assert.Single(typeof(WebSocketExtensionsOptions).GetMethods(), method => method.Name.StartsWith("Install", StringComparison.Ordinal) && method.Name != "Install");
    }

    [Theory]
    [InlineData("PingInterval", "abc", "not a duration")]
    [InlineData("PingInterval", "20", "not a duration")] // the binder would take it for 20 days
    [InlineData("PingInterval", "24:00:00", "not a duration")] // TimeSpan.Parse would take it for 24 days
    [InlineData("PingInterval", "00:00:00", "positive")]
    [InlineData("PingTimeout", "-00:00:01", "positive")]
    [InlineData("HandshakeTimeout", "30.00:00:00", "24.8 days")]
    [InlineData("CloseTimeout", "1s", "not a duration")]
    [InlineData("HandshakeStrictness", "Loose", "HandshakeStrictness")]
    [InlineData("HandshakeStrictness", "9", "Strict or Lenient")]
    [InlineData("TextValidation", "None", "TextValidation")]
    [InlineData("TextValidation", "9", "Strict or Lenient")]
    [InlineData("MaxFrameSize", "0", "1 byte")]
    [InlineData("MaxFrameSize", "64 MiB", "64 MiB")]
    [InlineData("MaxMessageSize", "-1", "1 byte")]
    [InlineData("MaxFragments", "0", "non-zero")]
    [InlineData("MaxFragments", "3000000000", "3000000000")]
    [InlineData("TraceSessions", "yes", "yes")]
    [InlineData("Subprotocols:0", "a b", "token")]
    [InlineData("Subprotocols", "mqtt", "Feed:Subprotocols:0")]
    [InlineData("PingInterval:Seconds", "20", "one value", "PingInterval")]
    [InlineData("Channels", "10", "Incoming, Outgoing")]
    [InlineData("Channels:Incoming", "10", "Capacity")]
    [InlineData("Channels:Incoming:Capacity", "0", "1 frame")]
    [InlineData("Channels:Incoming:MaxBytes", "0", "1 byte")]
    [InlineData("Channels:Incoming:Overflow", "Drop", "Drop")]
    [InlineData("Channels:Outgoing:Overflow", "9", "Suspend or Close")]
    [InlineData("Extensions:PerMessageDeflate", "true", "Enabled")]
    [InlineData("Extensions:PerMessageDeflate:Level", "Best", "Best")]
    [InlineData("Extensions:PerMessageDeflate:Level", "9", "level that exists")]
    [InlineData("Extensions:PerMessageDeflate:MinimumSize", "-1", "negative")]
    [InlineData("Extensions:PerMessageDeflate:ServerMaxWindowBits", "16", "15")]
    [InlineData("Extensions:PerMessageDeflate:MaxExpansion", "0", "zero")]
    [InlineData("Extensions:PerMessageDeflate:Alternatives:0:ServerMaxWindowBits", "7", "8")]
    [InlineData("Extensions:PerMessageDeflate:Alternatives:5:ServerMaxWindowBits", "16", "15")]
    [InlineData("Subprotocols:5", "", "token")]
    [InlineData("", "00:00:20", "Expected a section, got the value \"00:00:20\". Known keys: PingInterval, ")]
    public void A_bad_value_is_refused_with_its_full_path_and_the_reason(string key, string value, string reason, string? named = null)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Bind((key, value)));

        Assert.Contains($"Feed:{named ?? key}".TrimEnd(':'), Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Parameter", error.Message, StringComparison.Ordinal);
        Assert.Equal("feed", error.OptionsName);
    }

    [Fact]
    public void All_values_out_of_range_are_reported_together()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Bind(("MaxFragments", "0"), ("PingInterval", "1"), ("Channels:Incoming:Capacity", "0")));

        Assert.Equal(3, error.Failures.Count());
    }

    [Fact]
    public void A_repeated_subprotocol_is_refused_with_its_path()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Bind(("Subprotocols:0", "mqtt"), ("Subprotocols:1", "mqtt")));

        Assert.Contains("Feed:Subprotocols:1:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key_is_an_error_only_if_asked()
    {
        (string, string?)[] keys = [("Feed:PingIntervall", "00:00:30"), ("Feed:Channels:Incoming:Size", "1"), ("Feed:Extensions:PerMessageDeflate:Alternatives:0:X", "1"), ("Feed:Compression:Level", "1")];
        IConfigurationSection section = Clients.Configuration(keys).GetSection("Feed");
        new SettingsBinding("feed", section, refusesUnknownKeys: false).Configure("feed", new WebSocketsOptions());

        var error = Assert.Throws<OptionsValidationException>(() => new SettingsBinding("feed", section, refusesUnknownKeys: true).Configure("feed", new WebSocketsOptions()));

        Assert.Equal(4, error.Failures.Count());
        Assert.Contains(error.Failures, failure => failure.StartsWith("Feed:PingIntervall: Unknown key. Known keys: PingInterval, ", StringComparison.Ordinal));
        Assert.Contains(error.Failures, failure => failure.StartsWith("Feed:Channels:Incoming:Size: Unknown key. Known keys: Capacity, MaxBytes, Overflow.", StringComparison.Ordinal));
        Assert.Contains(error.Failures, failure => failure.StartsWith("Feed:Extensions:PerMessageDeflate:Alternatives:0:X:", StringComparison.Ordinal));
        Assert.Contains(error.Failures, failure => failure.StartsWith("Feed:Compression:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("HandshakeStrictness", "Expected Strict, Lenient.")]
    [InlineData("TextValidation", "Expected Strict, Lenient.")]
    [InlineData("Channels:Incoming:Overflow", "Expected Suspend, Close.")]
    [InlineData("Extensions:PerMessageDeflate:Level", "Expected Optimal, Fastest, NoCompression, SmallestSize.")]
    public void A_value_that_is_no_name_fails_with_the_names(string key, string expected)
    {
        var binding = new SettingsBinding("feed", Clients.Configuration(($"Feed:{key}", "Fast")).GetSection("Feed"), refusesUnknownKeys: false);

        var error = Assert.Throws<OptionsValidationException>(() => binding.Configure("feed", new WebSocketsOptions()));

        string failure = Assert.Single(error.Failures);
        Assert.Contains($"Feed:{key}", failure, StringComparison.Ordinal);
        Assert.EndsWith(expected, failure, StringComparison.Ordinal);
    }

    [Theory, InlineData("Address"), InlineData("baseaddress"), InlineData("Url")]
    public void An_address_is_sent_to_where_it_belongs(string key)
    {
        var binding = new SettingsBinding("feed", Clients.Configuration(($"Feed:{key}", "wss://host.test/")).GetSection("Feed"), refusesUnknownKeys: true);

        var error = Assert.Throws<OptionsValidationException>(() => binding.Configure("feed", new WebSocketsOptions()));

        Assert.EndsWith("The address is the client's (HttpClient.BaseAddress): keep it outside this section.", Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_the_root_has_no_prefix()
    {
        var binding = new SettingsBinding(null, Clients.Configuration(("MaxFragments", "0")), refusesUnknownKeys: false);

        var error = Assert.Throws<OptionsValidationException>(() => binding.Configure(new WebSocketsOptions()));

        Assert.StartsWith("MaxFragments: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_absent_or_empty_key_leaves_its_option_as_it_is()
    {
        var options = new WebSocketsOptions { PingInterval = TimeSpan.FromSeconds(1), MaxFragments = 5 };
        options.Subprotocols.Add("mqtt");
        options.Channels.Incoming = ChannelConfig.Bounded(3, 4);
        IConfigurationRoot configuration = Clients.Configuration(("PingInterval", ""), ("MaxFragments", null), ("Channels:Incoming:Overflow", "Close"), ("Extensions", null));

        new SettingsBinding(null, configuration, refusesUnknownKeys: true).Configure(options);

        Assert.Equal(TimeSpan.FromSeconds(1), options.PingInterval);
        Assert.Equal(5, options.MaxFragments);
        Assert.Equal(["mqtt"], options.Subprotocols);
        Assert.Equal((3, 4L, ChannelOverflow.Close), (options.Channels.Incoming.Capacity, options.Channels.Incoming.MaxBytes, options.Channels.Incoming.Overflow));
    }

    [Theory]
    [InlineData("""{ "Subprotocols": ["b", "c"] }""", "b,c")]
    [InlineData("""{ "Subprotocols": [] }""", "")]
    [InlineData("{ }", "a")]
    public void A_list_replaces_an_earlier_one(string json, string expected)
    {
        var options = new WebSocketsOptions();
        options.Subprotocols.Add("a");
        IConfigurationRoot configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json))).Build();

        new SettingsBinding(null, configuration, refusesUnknownKeys: true).Configure(options);

        Assert.Equal(expected, string.Join(',', options.Subprotocols));
    }

    [Fact]
    public void An_empty_list_of_alternatives_replaces_an_earlier_one()
    {
        var options = new PerMessageDeflateOptions();
        options.Alternatives.Add(new PerMessageDeflateOffer());

        new SettingsReading(Clients.Configuration(($"{Deflate}:Alternatives", "")), refusesUnknownKeys: true).ApplyTo(options);

        Assert.Empty(options.Alternatives);
    }

    [Theory]
    [InlineData("Enabled", "true", true)]
    [InlineData("Enabled", "false", true)]
    [InlineData("Level", "Optimal", true)]
    [InlineData("Enabled", "", false)]
    [InlineData("MinimumSize", "", false)]
    [InlineData("Other", "1", false)]
    public void Only_a_known_key_with_a_value_configures_permessage_deflate(string key, string value, bool configures)
    {
        var reading = new SettingsReading(Clients.Configuration(($"{Deflate}:{key}", value)), refusesUnknownKeys: false);

        Assert.Equal(configures, reading.HasDeflate);
        reading.ThrowIfFailed("feed");
    }

    [Fact]
    public void A_numeric_limit_can_be_set_to_no_limit()
    {
        WebSocketsOptions options = Bind(("Channels:Incoming:Capacity", "2147483647"), ("Channels:Incoming:MaxBytes", "9223372036854775807"));

        Assert.True(options.Channels.Incoming.IsUnlimited);
    }

    private static WebSocketsOptions Bind(params (string Key, string Value)[] keys)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("feed").AddWebSockets(
            Clients.Configuration([.. keys.Select(key => ($"Feed:{key.Key}".TrimEnd(':'), (string?)key.Value))]).GetSection("Feed"));
        using ServiceProvider provider = services.Build();
        return provider.OptionsOf("feed");
    }

    private static IEnumerable<string> Names<T>() => typeof(T).GetProperties().Where(property => !property.GetMethod!.IsStatic && property.Name != "EqualityContract").Select(property => property.Name).Order(StringComparer.Ordinal);
}
