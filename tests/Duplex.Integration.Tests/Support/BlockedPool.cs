using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Duplex.Tests;

/// <summary>A handshake in a process of its own, all of whose pool threads block from the moment that the server has been asked. In ours that would stop all tests.</summary>
internal static class BlockedPool
{
    /// <summary>Makes a process the child: it names the file to which that writes what its caller got.</summary>
    public const string Variable = "DUPLEX_BLOCKED_POOL";

    /// <summary>Runs the child, and gives what its caller got.</summary>
    public static async Task<WebSocketHandshakeException> OpenAsync()
    {
        string told = Path.GetTempFileName();

        // The host that runs us, wherever it is: <root>/shared/Microsoft.NETCore.App/<version>/.
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        string[] arguments = [typeof(BlockedPool).Assembly.Location, "-class", typeof(BlockedPoolTests).FullName!];
        using Process process = Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { [Variable] = told } })!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(Patience.LongLimit);
            Assert.True(process.ExitCode == 0, $"{await output.Soon()}{await errors.Soon()}");
            string[] parts = (await File.ReadAllTextAsync(told)).Split('\n', 2);
            return new WebSocketHandshakeException(Enum.Parse<HandshakeCheck>(parts[0]), parts[1]);
        }
        finally
        {
            process.Kill(); // nothing happens if it has ended
            File.Delete(told);
        }
    }
}
