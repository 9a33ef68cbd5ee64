using System.Collections.Immutable;

namespace Duplex.Tests;

/// <summary>Nobody below the root sees the options: a lower room gets the values it needs, so that it can be used and tested without the plugin.</summary>
internal static class OptionsStayAtTheRoot
{
    private const string Options = "WebSocketsOptions";

    public static ImmutableArray<string> Violations(TypeGraph graph) =>
    [
        .. graph.Nodes.Where(node => node.Name == Options)
            .SelectMany(node => node.Files)
            .Where(IsBelowRoot)
            .Select(file => $"{file}: {Options} belongs to the root, directly in src/Duplex."),
        .. graph.Nodes.SelectMany(node => node.Arrows)
            .Where(arrow => arrow.Key.To.Name == Options && IsBelowRoot(arrow.Key.File))
            .Select(arrow => $"{arrow.Value.Location}: uses {Options}; pass the value that is needed instead."),
    ];

    private static bool IsBelowRoot(string file) => Rooms.Of(file) is { } room && room.Number < Rooms.Root.Number;
}
