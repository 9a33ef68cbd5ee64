using System.Collections.Immutable;

namespace Duplex.Tests;

/// <summary>A room of the house: a group of folders with a number. Arrows go to lower numbers only.</summary>
internal sealed record Room(int Number, string Name)
{
    public override string ToString() => $"{Name} (room {Number})";
}

/// <summary>A type depends only on its own room or on rooms with a lower number; rooms with the same number never see each other.</summary>
internal static class Rooms
{
    /// <summary>The numbers of the folders of src/Duplex. A new folder must get one here.</summary>
    private static readonly Dictionary<string, int> Folders = new()
    {
        ["Diagnostics"] = 1,
        ["Serialization"] = 1,
        ["Timing"] = 1,
        ["Contracts"] = 1,
        ["Receiving"] = 2,
        ["Sending"] = 2,
        ["Lifetime"] = 3,
        ["Engines"] = 3,
        ["Sessions"] = 4,
        ["Ktor"] = 6,
        ["Reconnecting"] = 6,
    };

    /// <summary>The room of what a user types: the files directly in src/Duplex.</summary>
    public static readonly Room Root = new(5, "Duplex");

    private static readonly Room Protocol = new(0, "Duplex.Protocol");

    /// <summary>The number of the packages on top; each is a room of its own.</summary>
    private const int Packages = 7;

    /// <summary>The room of a file, or null where there is none.</summary>
    public static Room? Of(string path) => path.Split('/') switch
    {
        ["src", "Duplex.Protocol", _, ..] => Protocol,
        ["src", "Duplex", _] => Root,
        ["src", "Duplex", var folder, _, ..] => Folders.TryGetValue(folder, out int number) ? new Room(number, folder) : null,
        ["src", var package, _, ..] when package.StartsWith("Duplex.", StringComparison.Ordinal) => new Room(Packages, package),
        _ => null,
    };

    /// <summary>Source folders that are in no room.</summary>
    public static ImmutableArray<string> Homeless(IEnumerable<string> paths) =>
    [
        .. paths.Where(path => Of(path) is null)
            .Select(path => path[..path.LastIndexOf('/')])
            .Distinct()
            .Select(folder => $"{folder} is in no room; give the folder a number in {nameof(Rooms)}.cs or move its files."),
    ];

    /// <summary>Arrows that go up or across.</summary>
    public static ImmutableArray<string> Violations(TypeGraph graph)
    {
        var violations = ImmutableArray.CreateBuilder<string>();
        foreach (TypeGraph.Node node in graph.Nodes)
        {
            Room[] rooms = [.. RoomsOf(node)];
            if (rooms.Length > 1)
            {
                violations.Add($"{node.Name} has parts in {string.Join(" and ", rooms.Select(room => room.ToString()))}; keep a type in one room.");
            }

            foreach (((TypeGraph.Node to, string file), Reference sample) in node.Arrows)
            {
                Room? from = Of(file);
                if (from is not null && RoomsOf(to).FirstOrDefault(room => room != from && room.Number >= from.Number) is { } forbidden)
                {
                    violations.Add($"{sample.Location}: {node.Name} in {from} uses {to.Name} in {forbidden}.");
                }
            }
        }

        return violations.ToImmutable();
    }

    private static IEnumerable<Room> RoomsOf(TypeGraph.Node node) => node.Files.Select(Of).OfType<Room>().Distinct();
}
