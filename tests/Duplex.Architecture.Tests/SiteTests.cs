namespace Duplex.Tests;

/// <summary>The documents as a site: its contents, its links, and what must be explained.</summary>
public sealed class SiteTests
{
    private static readonly string[] AtTheRoot = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

    private static IEnumerable<string> Libraries => Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(Path.GetFileName)!;

    // Without what DocFX generates.
    private static IEnumerable<SourceFile> Pages => Repository.Documents().Where(page => page.Path.StartsWith("docs/", StringComparison.Ordinal)
        && !page.Path.StartsWith("docs/api/", StringComparison.Ordinal) && !page.Path.StartsWith("docs/_site/", StringComparison.Ordinal));

    [Fact]
    public void Every_page_is_in_the_table_of_contents_once() => Expect.None(Links.Unlisted(Pages.Select(page => page.Path), Read("docs/toc.yml")!));

    [Fact]
    public void Relative_links_and_their_anchors_resolve() =>
        Expect.None(Links.Violations(Repository.Documents().Concat(AtTheRoot.Select(path => new SourceFile(path, Read(path)!))), Read));

    [Fact]
    public void Every_message_of_an_exception_has_its_entry_in_troubleshooting() =>
        Expect.None(ExceptionMessages.Violations(SourceModel.OfRepository, Libraries, Read("docs/troubleshooting.md")!));

    [Fact]
    public void The_readme_has_at_most_150_lines() => Assert.InRange(Read("README.md")!.Split('\n').Length, 1, 150);

    private static string? Read(string path)
    {
        string full = Path.Combine(Repository.Root, path);
        return File.Exists(full) ? File.ReadAllText(full) : null;
    }
}
