using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Duplex.Tests;

/// <summary>The echo sample as a person runs it: a process with the URL of a server.</summary>
public sealed class EchoSampleTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    [Fact]
    public async Task Against_a_server_that_echoes_it_tells_each_step_and_exits_with_0()
    {
        (int exitCode, string output, string errors) = await RunAsync(new Uri(kestrel["ws"], "/echo?token=secret"));

        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        foreach (string step in (string[])["connected", "text", "binary", "fragments", "1 MiB", "ping", "closed", "All said, all heard, all closed."])
            Assert.Contains(step, output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Against_a_server_that_answers_something_else_it_says_so_and_exits_with_1()
    {
        using var server = new RawServer();

        Task<(int ExitCode, string Output, string Errors)> running = RunAsync(server.Uri);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        await peer.WriteHexAsync("81 02 6e6f");
        Assert.IsType<Frame.Text>(await peer.ReceiveAsync());
        Assert.IsType<Frame.Close>(await peer.ReceiveAsync());
        await peer.WriteHexAsync("88 02 03e8");
        await peer.EndAsync();

        (int exitCode, string output, string errors) = await running;
        Assert.Equal(1, exitCode);
        Assert.Contains("connected", output, StringComparison.Ordinal);
        Assert.Contains("Does it echo?", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Against_a_server_that_speaks_no_WebSocket_it_tells_why_and_exits_with_1()
    {
        (int exitCode, _, string errors) = await RunAsync(new Uri(kestrel["ws"], "/plain"));

        Assert.Equal(1, exitCode);
        Assert.Contains("200 OK", errors, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(Uri uri)
    {
        string sample = Path.Combine(Root(), "samples", "Echo", "bin", Path.GetRelativePath(Path.Combine(Root(), "tests", "Duplex.Integration.Tests", "bin"), AppContext.BaseDirectory), "Echo.dll");
        if (!File.Exists(sample))
            Assert.Skip($"The echo sample is not built: there is no {Path.GetRelativePath(Root(), sample)}.");

        // The host that runs us, wherever it is: <root>/shared/Microsoft.NETCore.App/<version>/.
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        using Process process = Process.Start(new ProcessStartInfo(host, [sample, uri.AbsoluteUri]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().Soon();
            return (process.ExitCode, await output.Soon(), await errors.Soon());
        }
        finally
        {
            process.Kill(); // nothing happens if it has ended
        }
    }

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Duplex.slnx")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The tests do not run in the repository.");
    }
}
