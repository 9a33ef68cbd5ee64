namespace Duplex.Tests;

public class LinksTests
{
    private static readonly Dictionary<string, string> Files = new()
    {
        ["README.md"] = "# Duplex\n\n## What it *is*, `here`!\n\n## Twice\n\n## Twice\n",
        ["docs/a.md"] = "# A\n\n<a id=\"marked\"></a>\n\n```sh\n# no heading\n```\n",
        ["docs/how-to/b.md"] = "# B\n",
    };

    [Theory]
    [InlineData("README.md", "[a](docs/a.md)")]
    [InlineData("README.md", "[over\nlines](docs/how-to/b.md#b)")]
    [InlineData("README.md", "[here](#what-it-is-here)")]
    [InlineData("README.md", "[second](#twice-1)")]
    [InlineData("docs/how-to/b.md", "[up](../a.md#marked)")]
    [InlineData("docs/how-to/b.md", "[site](https://example.test/x#y) and [member](xref:Duplex.Frame)")]
    [InlineData("docs/a.md", "`[no](link.md)`\n\n```md\n[no](link.md)\n```\n")]
    public void A_link_that_resolves_passes(string path, string text) => Expect.None(Links.Violations([new SourceFile(path, text)], Read(path, text)));

    [Theory]
    [InlineData("README.md", "[a](docs/missing.md)", "docs/missing.md: the file does not exist.")]
    [InlineData("README.md", "[a](docs/a.md#no-heading)", "docs/a.md#no-heading: the file has no such anchor.")]
    [InlineData("README.md", "[`code`](#twice-2)", "#twice-2: the file has no such anchor.")]
    [InlineData("docs/a.md", "[up](../README.md)", "../README.md: a page of the site links to a file outside of it")]
    public void One_that_does_not_is_found(string path, string text, string problem) =>
        Expect.Exactly(Links.Violations([new SourceFile(path, text)], Read(path, text)), $"{path}: {problem}");

    [Fact]
    public void A_page_is_in_the_contents_once() => Expect.Exactly(
        Links.Unlisted(["docs/a.md", "docs/b.md", "docs/c.md"], "- href: a.md\n- href: c.md\n- href: c.md\n- name: D\n  href: d.md\n"),
        "docs/b.md: is missing",
        "docs/c.md: is in docs/toc.yml 2 times",
        "docs/d.md: is in docs/toc.yml, but does not exist");

    private static Func<string, string?> Read(string path, string text) =>
        file => file == path && path == "README.md" ? Files[file] + text : file == path ? text : Files.GetValueOrDefault(file);
}
