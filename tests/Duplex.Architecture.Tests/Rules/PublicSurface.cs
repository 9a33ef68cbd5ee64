using System.Collections.Immutable;

namespace Duplex.Tests;

/// <summary>
/// A package (room 5) uses what every user can use, so that whoever misses one can write it. The compiler sees to it as long as no project names a package its friend; and a package has
/// no friends but its own tests.
/// </summary>
internal static class PublicSurface
{
    private static readonly string[] Core = ["Duplex", "Duplex.Protocol"];

    public static ImmutableArray<string> Violations(IEnumerable<SourceProject> projects)
    {
        SourceProject[] all = [.. projects];
        HashSet<string> packages = [.. all.Select(project => project.Name).Except(Core)];
        return
        [
            .. from project in all
               from friend in project.Friends
               where packages.Contains(friend) || (packages.Contains(project.Name) && friend != project.Name + ".Tests")
               select $"{project.Name} shows its internals to {friend}; a package uses the public API, and shows its own internals to its own tests only.",
        ];
    }
}
