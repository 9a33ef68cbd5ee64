using System.Diagnostics;

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
        using Process process = OwnProgram.Start(Path.Combine("samples", "Echo"), "Echo", uri.AbsoluteUri);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(Patience.LongLimit);
            return (process.ExitCode, await output.Soon(), await errors.Soon());
        }
        finally
        {
            process.Kill(); // nothing happens if it has ended
        }
    }
}
