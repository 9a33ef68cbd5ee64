using Duplex.Tests;

[assembly: AssemblyFixture(typeof(LocalFeed))]

namespace Duplex.Tests;

/// <summary>A folder outside the repository with the packages of all libraries, packed once for all tests, and the programs that use them.</summary>
public sealed class LocalFeed : IAsyncLifetime
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), $"duplex-packages-{Guid.NewGuid():N}");

    /// <summary>The packages' version: a new one each time, since NuGet keeps what it has once installed.</summary>
    public string Version { get; } = $"0.1.0-test.{Guid.NewGuid():N}";

    /// <summary>The names of the libraries.</summary>
    public static IEnumerable<string> Libraries => Directory.EnumerateDirectories(Path.Combine(RepositoryRoot.Path, "src")).Select(path => Path.GetFileName(path)).Order();

    private string Packages => Path.Combine(_root, "packages");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Packages);
        string libraries = await WriteAsync("libraries.slnx", $"<Solution>{string.Concat(Libraries.Select(name => $"<Project Path=\"{ProjectOf(name)}\" />"))}</Solution>");
        await PackAsync(libraries, Version);
        await WriteAsync("nuget.config", $"""<configuration><packageSources><add key="local" value="{Packages}" /></packageSources></configuration>""");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        string installed = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (string library in Libraries)
        {
            string copy = Path.Combine(installed, library.ToLowerInvariant(), Version);
            if (Directory.Exists(copy))
                Directory.Delete(copy, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The package of a library.</summary>
    public PackageFile Open(string library, string? version = null) => new(Path.Combine(Packages, $"{library}.{version ?? Version}"));

    /// <summary>The project file of a library.</summary>
    public static string ProjectOf(string library) => Path.Combine(RepositoryRoot.Path, "src", library, $"{library}.csproj");

    /// <summary>Packs a project, or all of a solution, as a release does.</summary>
    /// <returns>What the SDK printed.</returns>
    public Task<string> PackAsync(string project, string version, params string[] properties) => Sdk.RunAsync(
        _root,
        [
            "pack", project, "-c", "Release", "--artifacts-path", Path.Combine(_root, "artifacts"), "-o", Packages, $"-p:MinVerVersionOverride={version}",
            "-p:ContinuousIntegrationBuild=true", .. properties,
        ]);

    /// <summary>A file outside the repository.</summary>
    public async Task<string> WriteAsync(string name, string text)
    {
        string path = Path.Combine(_root, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    /// <summary>Copies a consumer out of the repository and publishes it there. It sees the packages and the registry only.</summary>
    /// <param name="consumer">Its folder in Consumers.</param>
    /// <param name="as">A name for this way of publishing.</param>
    /// <param name="properties">Properties of the build, such as PublishAot=true.</param>
    /// <returns>The folder with the program.</returns>
    public async Task<string> PublishAsync(string consumer, string @as, params string[] properties)
    {
        string project = Path.Combine(_root, @as);
        Directory.CreateDirectory(project);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "tests", "Duplex.Packages.Tests", "Consumers", consumer)))
            File.Copy(file, Path.Combine(project, Path.GetFileName(file)));

        string program = Path.Combine(project, "published");
        await Sdk.RunAsync(project, ["publish", "-c", "Release", "-o", program, $"-p:DuplexVersion={Version}", .. properties.Select(property => $"-p:{property}")]);
        return program;
    }
}
