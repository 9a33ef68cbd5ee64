namespace Duplex.Tests;

public sealed class SettingsKeysTests
{
    [Fact]
    public void The_keys_are_those_that_the_binder_reads() =>
        Assert.Equal(Paths(typeof(WebSocketsSettings)).Order(StringComparer.Ordinal), Paths(SettingsKeys.Root).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("pinginterval", "00:00:30")]
    [InlineData("CHANNELS:incoming:capacity", "1")]
    [InlineData("Subprotocols", "")] // an empty list
    [InlineData("Subprotocols:7", "mqtt")]
    [InlineData("Channels", null)] // an empty section
    public void A_key_of_the_right_kind_passes_in_any_case(string key, string? value) => Assert.Empty(Check(key, value));

    [Theory]
    [InlineData("Channels:Incoming:Capacity:0", "Channels:Incoming:Capacity: Expected one value")]
    [InlineData("Channels", "Channels: Expected a section. Known here: Incoming, Outgoing., got the value \"1\".")]
    [InlineData("Subprotocols", "Subprotocols: Expected a list, such as Subprotocols:0, got the value \"1\".")]
    [InlineData("Subprotocols:0:Name", "Subprotocols:0: Expected one value")]
    [InlineData("Other", "Other: The key is unknown.")]
    public void A_key_of_the_wrong_kind_or_an_unknown_one_fails(string key, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Check(key, "1")), StringComparison.Ordinal);

    /// <summary>The paths of all values, the first item of each list.</summary>
    internal static IEnumerable<string> Paths(SettingsKeys keys) => keys switch
    {
        { Children: { } children } => children.SelectMany(child => Paths(child.Value).Select(rest => $"{child.Key}:{rest}".TrimEnd(':'))),
        { Item: { } item } => Paths(item).Select(rest => $"0:{rest}".TrimEnd(':')),
        _ => [""],
    };

    private static IEnumerable<string> Paths(Type type) => type.GetProperties().SelectMany(property => Rest(property.PropertyType).Select(rest => $"{property.Name}:{rest}".TrimEnd(':')));

    private static IEnumerable<string> Rest(Type type)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>))
            return Rest(type.GetGenericArguments()[0]).Select(rest => $"0:{rest}".TrimEnd(':'));
        return type.Assembly == typeof(WebSocketsSettings).Assembly ? Paths(type) : [""];
    }

    private static List<string> Check(string key, string? value)
    {
        var failures = new List<string>();
        SettingsKeys.Root.Check(Clients.Configuration((key, value)), refusesUnknown: true, failures);
        return failures;
    }
}
