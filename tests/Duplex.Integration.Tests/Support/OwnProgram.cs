using System.Diagnostics;
using System.Runtime.InteropServices;

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
        string root = Root();
        string build = Path.GetRelativePath(Path.Combine(root, "tests", "Duplex.Integration.Tests", "bin"), AppContext.BaseDirectory);
        string program = Path.Combine(root, project, "bin", build, $"{assembly}.dll");
        if (!File.Exists(program))
            Assert.Skip($"{assembly} is not built: there is no {Path.GetRelativePath(root, program)}.");

        // The host that runs us, wherever it is: <root>/shared/Microsoft.NETCore.App/<version>/.
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return Process.Start(new ProcessStartInfo(host, [program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Duplex.slnx")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The tests do not run in the repository.");
    }
}
