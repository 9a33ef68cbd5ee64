using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>A program of this repository, built with the tests and run as a process of its own.</summary>
internal static class OwnProgram
{
    /// <summary>Starts a program with redirected input and output; skips the test if it is not built.</summary>
    /// <param name="project">The folder of its project, from the repository's root.</param>
    /// <param name="assembly">The name of its assembly.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Process Start(string project, string assembly, params string[] arguments)
    {
        string root = RepositoryRoot.Path;
        string build = Path.GetRelativePath(Path.Combine(root, "tests", "Duplex.Integration.Tests", "bin"), AppContext.BaseDirectory);
        string program = Path.Combine(root, project, "bin", build, $"{assembly}.dll");
        if (!File.Exists(program))
            Assert.Skip($"{assembly} is not built: there is no {Path.GetRelativePath(root, program)}.");

        return Process.Start(new ProcessStartInfo(DotnetHost.Path, [program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
