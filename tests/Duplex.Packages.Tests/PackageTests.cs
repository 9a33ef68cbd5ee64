using System.Text.Json;
using System.Text.RegularExpressions;

namespace Duplex.Tests;

/// <summary>Each library's package has what a registry shows and what a debugger needs.</summary>
public sealed partial class PackageTests(LocalFeed feed)
{
    public static TheoryData<string> Libraries => [.. LocalFeed.Libraries];

    [Theory, MemberData(nameof(Libraries))]
    public void A_package_says_what_it_is(string library)
    {
        using PackageFile package = feed.Open(library);

        Assert.All(["authors", "description", "projectUrl", "releaseNotes", "tags"], name => Assert.NotEmpty(package.Element(name)?.Value ?? ""));
        Assert.Equal("MIT", package.Element("license")?.Value);
        Assert.Equal(library, package.Element("id")?.Value);
        Assert.Contains(package.Element("icon")?.Value, package.Files);
        Assert.Contains(package.Element("readme")?.Value, package.Files);
        Assert.Contains($"lib/net10.0/{library}.xml", package.Files);
        Assert.StartsWith(package.Element("projectUrl")!.Value, (string?)package.Element("repository")?.Attribute("url"), StringComparison.Ordinal);
        Assert.True(package.Element("releaseNotes")!.Value.Length <= 35_000, "nuget.org takes no longer release notes.");
    }

    [Theory, MemberData(nameof(Libraries))]
    public void The_links_of_a_package_work_outside_the_repository(string library)
    {
        using PackageFile package = feed.Open(library);
        string files = $"{package.Element("projectUrl")!.Value}/blob/main/";
        string text = package.Text("README.md") + package.Element("releaseNotes")!.Value;

        string[] links = [.. Link().Matches(text).Select(match => match.Groups[1].Value).Where(link => !link.StartsWith('#'))];

        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.StartsWith("https://", link, StringComparison.Ordinal));
        Assert.All(
            links.Where(link => link.StartsWith(files, StringComparison.Ordinal)),
            link => Assert.True(File.Exists(Path.Combine(RepositoryRoot.Path, link[files.Length..].Split('#')[0])), link));
    }

    [Theory, MemberData(nameof(Libraries))]
    public void The_readme_is_that_of_the_repository_but_for_its_links(string library)
    {
        using PackageFile package = feed.Open(library);
        string own = Path.Combine(RepositoryRoot.Path, "src", library, "README.md");
        string source = File.ReadAllText(File.Exists(own) ? own : Path.Combine(RepositoryRoot.Path, "README.md"));

        Assert.Equal(Link().Replace(source, "]()").Trim(), Link().Replace(package.Text("README.md"), "]()").Trim());
    }

    [Theory, MemberData(nameof(Libraries))]
    public void A_debugger_finds_every_source_file(string library)
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(RepositoryRoot.Path, ".git")) || File.Exists(Path.Combine(RepositoryRoot.Path, ".git")), "SourceLink needs git's data, which is not here.");

        using PackageFile package = feed.Open(library);
        Assert.DoesNotContain(package.SourcesNotEmbedded(library), path => !path.StartsWith("/_/", StringComparison.Ordinal));
        using JsonDocument map = JsonDocument.Parse(package.SourceLink(library));

        JsonProperty only = Assert.Single(map.RootElement.GetProperty("documents").EnumerateObject());
        Assert.Equal("/_/*", only.Name);
        Assert.Matches($"^https://raw.githubusercontent.com/[^/]+/[^/]+/{package.Element("repository")?.Attribute("commit")?.Value}/\\*$", only.Value.GetString());
    }

    [Theory, MemberData(nameof(Libraries))]
    public void The_same_sources_give_the_same_library(string library)
    {
        using PackageFile package = feed.Open(library);
        Assert.True(package.IsReproducible(library));
    }

    [Theory, MemberData(nameof(Libraries))]
    public void Every_dependency_is_used(string library)
    {
        using PackageFile package = feed.Open(library);
        Assert.Empty(package.Dependencies.Except(package.References(library)));
    }

    [Fact]
    public void The_core_depends_on_the_abstractions_of_logging_alone()
    {
        using PackageFile package = feed.Open("Duplex");
        Assert.Equal(["Duplex.Protocol", "Microsoft.Extensions.Logging.Abstractions"], package.Dependencies.Order());
    }

    [Fact]
    public async Task A_release_without_a_section_in_the_changelog_is_not_packed()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => feed.PackAsync(LocalFeed.ProjectOf("Duplex.Protocol"), "987.6.5"));
        Assert.Contains("CHANGELOG.md has no section for version 987.6.5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preview_just_after_a_release_has_nothing_to_say_and_is_packed()
    {
        string changelog = await feed.WriteAsync("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2026-11-29\n\n- Everything.\n");

        await feed.PackAsync(LocalFeed.ProjectOf("Duplex.Protocol"), "1.0.1-alpha.0.1", $"-p:ChangelogFile={changelog}");

        using PackageFile package = feed.Open("Duplex.Protocol", "1.0.1-alpha.0.1");
        Assert.Equal("A preview without changes since the last release.", package.Element("releaseNotes")?.Value);
    }

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}
