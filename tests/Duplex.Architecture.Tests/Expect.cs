using System.Collections.Immutable;

namespace Duplex.Tests;

/// <summary>Assertions over the violations that a rule found.</summary>
internal static class Expect
{
    /// <summary>No violation; a failure lists each on a line of its own.</summary>
    public static void None(ImmutableArray<string> violations) =>
        Assert.True(violations.IsEmpty, $"{violations.Length} violations:\n{string.Join('\n', violations.Order(StringComparer.Ordinal))}");

    /// <summary>As many violations as parts, each starting with its part, in any order.</summary>
    public static void Exactly(ImmutableArray<string> violations, params string[] starts) =>
        Assert.Collection(
            violations.Order(StringComparer.Ordinal),
            [.. starts.Order(StringComparer.Ordinal).Select(start => (Action<string>)(violation => Assert.StartsWith(start, violation, StringComparison.Ordinal)))]);
}
