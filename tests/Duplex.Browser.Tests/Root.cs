namespace Duplex.Tests;

/// <summary>The repository on disk that these tests were built from.</summary>
internal static class Root
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Duplex.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException("Run the tests from a build inside the repository.");
    }
}
