namespace Duplex.Tests;

public sealed class SettingsKeysTests
{
    public static TheoryData<string> All => [.. Paths(typeof(WebSocketsSettings))];

    [Theory, MemberData(nameof(All))]
    public void Each_key_that_the_binder_reads_is_known_as_a_value(string key)
    {
        Assert.Empty(Check(key, "1"));
        Assert.StartsWith($"{key}: Expected one value", Assert.Single(Check($"{key}:x", "1")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Feed", "00:00:20", "Feed: Expected a section, got the value \"00:00:20\". Known keys: PingInterval, ")]
    [InlineData("Feed", "", null)]
    [InlineData("Feed", null, null)]
    [InlineData("Other", "1", null)]
    public void A_value_in_place_of_the_clients_own_section_fails(string key, string? value, string? expected)
    {
        var failures = new List<string>();

        SettingsKeys.Check(Clients.Configuration((key, value)).GetSection("Feed"), refusesUnknown: false, failures);

        Assert.Equal(expected is null ? 0 : 1, failures.Count);
        Assert.All(failures, failure => Assert.StartsWith(expected!, failure, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("pinginterval", "00:00:30")]
    [InlineData("CHANNELS:incoming:capacity", "1")]
    [InlineData("Subprotocols", "")] // an empty list
    [InlineData("Subprotocols:7", "mqtt")]
    [InlineData("Channels", null)] // an empty section
    public void A_key_of_the_right_kind_passes_in_any_case(string key, string? value) => Assert.Empty(Check(key, value));

    [Theory]
    [InlineData("Channels:Incoming:Capacity:0", "Channels:Incoming:Capacity: Expected one value")]
    [InlineData("Channels", "Channels: Expected a section, got the value \"1\". Known keys: Incoming, Outgoing.")]
    [InlineData("Subprotocols", "Subprotocols: Expected a list, such as Subprotocols:0, got the value \"1\".")]
    [InlineData("Subprotocols:0:Name", "Subprotocols:0: Expected one value")]
    [InlineData("Other", "Other: Unknown key.")]
    public void A_key_of_the_wrong_kind_or_an_unknown_one_fails(string key, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Check(key, "1")), StringComparison.Ordinal);

    /// <summary>The paths of all values, the first item of each list.</summary>
    internal static IEnumerable<string> Paths(Type type) => type.GetProperties().SelectMany(property => Rest(property.PropertyType).Select(rest => $"{property.Name}:{rest}".TrimEnd(':')));

    private static IEnumerable<string> Rest(Type type)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>))
            return Rest(type.GetGenericArguments()[0]).Select(rest => $"0:{rest}".TrimEnd(':'));
        return type.Assembly == typeof(WebSocketsSettings).Assembly ? Paths(type) : [""];
    }

    private static List<string> Check(string key, string? value)
    {
        var failures = new List<string>();
        SettingsKeys.Check(Clients.Configuration((key, value)), refusesUnknown: true, failures);
        return failures;
    }
}
