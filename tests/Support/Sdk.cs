using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>Runs the SDK, and programs that it built, as processes.</summary>
internal static class Sdk
{
    // For a hang. A native compilation on a busy machine takes two.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Runs a command of the SDK.</summary>
    /// <returns>What it printed.</returns>
    public static Task<string> RunAsync(string folder, params string[] arguments) => RunProgramAsync(DotnetHost.Path, folder, arguments);

    /// <summary>Runs a program until it ends.</summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunProgramAsync(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string name in start.Environment.Keys.Where(IsOfTheTestRun).ToArray())
            start.Environment.Remove(name);
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_ROOT"] = DotnetHost.Root; // for a published program

        // No build process may outlive the test.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(Longest);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Path.GetFileName(program)} {string.Join(' ', arguments)} did not end:\n{await output + await errors}");
        }

        string printed = await output + await errors;
        return process.ExitCode == 0 ? printed : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{printed}");
    }

    // They would change a build.
    private static bool IsOfTheTestRun(string variable) =>
        variable.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || variable.StartsWith("DUPLEX_", StringComparison.Ordinal) || variable.StartsWith("TESTINGPLATFORM", StringComparison.Ordinal);
}
