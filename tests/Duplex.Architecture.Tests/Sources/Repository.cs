using System.Collections.Immutable;
using System.Xml.Linq;

namespace Duplex.Tests;

/// <summary>The repository on disk that these tests were built from.</summary>
internal static class Repository
{
    /// <summary>Where Duplex.slnx lies.</summary>
    public static readonly string Root = RepositoryRoot.Path;

    /// <summary>Reads every project under <c>src</c> with its sources.</summary>
    public static ImmutableArray<SourceProject> Projects() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(Load),
    ];

    /// <summary>Reads every source file under a folder of the root, without what a build left there.</summary>
    public static ImmutableArray<SourceFile> Files(string folder) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => (Full: path, Relative: Path.GetRelativePath(Root, path).Replace('\\', '/')))
            .Where(path => !path.Relative.Split('/').Any(part => part is "bin" or "obj"))
            .OrderBy(path => path.Relative, StringComparer.Ordinal)
            .Select(path => new SourceFile(path.Relative, File.ReadAllText(path.Full))),
    ];

    /// <summary>Reads the documents for users: <c>README.md</c> and every page of <c>docs</c>.</summary>
    public static ImmutableArray<SourceFile> Documents() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateDirectories(Path.Combine(Root, "src")).Select(project => Path.Combine(project, "README.md")).Where(File.Exists))
            .Order(StringComparer.Ordinal)
            .Prepend(Path.Combine(Root, "README.md"))
            .Select(path => new SourceFile(Path.GetRelativePath(Root, path).Replace('\\', '/'), File.ReadAllText(path))),
    ];

    private static SourceProject Load(string path)
    {
        XDocument project = XDocument.Load(path);
        string name = Path.GetFileNameWithoutExtension(path);
        ImmutableArray<string> Items(string item) => [.. project.Descendants(item).Select(element => (string?)element.Attribute("Include")).OfType<string>()];
        return new SourceProject(
            name,
            [.. Items("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Replace('\\', '/')))],
            Items("InternalsVisibleTo"),
            Items("Using"),
            Files($"src/{name}"));
    }
}
