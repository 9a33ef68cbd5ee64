namespace Duplex.Tests;

/// <summary>The folder on disk that the tests were built from: where Duplex.slnx lies.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Duplex.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"Expected Duplex.slnx in a folder above {AppContext.BaseDirectory}; run the tests from a build inside the repository.");
    }
}
