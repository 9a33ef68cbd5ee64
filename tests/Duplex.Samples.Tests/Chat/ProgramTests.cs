using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>The sample as a user runs it: processes, standard input and output.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task Without_arguments_it_runs_a_demo()
    {
        using var demo = new Running();

        string output = await demo.Process.StandardOutput.ReadToEndAsync().Soon();

        Assert.Equal(0, await demo.EndAsync());
        Assert.Equal(3 * 2, output.Split('\n').Count(line => line.Contains(" | Ann: ", StringComparison.Ordinal)
            || line.Contains(" | Bob: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_server_and_two_clients_talk()
    {
        using var server = new Running("serve", "--port", "0");
        string listens = await server.SeeAsync("The chat server listens on http");
        string address = listens.Split(' ').First(word => word.StartsWith("http", StringComparison.Ordinal))
            .TrimEnd('.').Replace("http", "ws", StringComparison.Ordinal);
        using var ann = new Running("join", address, "--name", "Ann");
        await ann.SeeAsync("* Ann is here.");
        using var bob = new Running("join", address, "--name", "Bob");
        await ann.SeeAsync("* Bob is here.");

        await ann.Process.StandardInput.WriteLineAsync("Hello, Bob!");
        await bob.SeeAsync("Ann: Hello, Bob!");
        await bob.Process.StandardInput.WriteLineAsync("/quit");
        await bob.SeeAsync("* You have left (1000 NormalClosure).");
        await ann.SeeAsync("* Bob has left.");
        ann.Process.StandardInput.Close();
        await ann.SeeAsync("* You have left (1000 NormalClosure).");

        Assert.Equal((0, 0), (await ann.EndAsync(), await bob.EndAsync()));
    }

    [Fact]
    public async Task An_address_that_is_none_is_refused()
    {
        using var client = new Running("join", "http://127.0.0.1", "--name", "Ann");

        string errors = await client.Process.StandardError.ReadToEndAsync().Soon();

        Assert.Contains("begins with ws://", errors, StringComparison.Ordinal);
        Assert.NotEqual(0, await client.EndAsync());
    }

    /// <summary>The sample, which ends with the test at the latest.</summary>
    private sealed class Running(params string[] arguments) : IDisposable
    {
        public Process Process { get; } = Process.Start(
            new ProcessStartInfo(DotnetHost.Path, [Path.Combine(AppContext.BaseDirectory, "Chat.dll"), .. arguments])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;

        /// <summary>Reads lines up to one that begins so.</summary>
        public async Task<string> SeeAsync(string beginning)
        {
            while (await Process.StandardOutput.ReadLineAsync().Soon() is { } line)
            {
                if (line.StartsWith(beginning, StringComparison.Ordinal))
                    return line;
            }

            throw new InvalidOperationException(
                $"It ended without '{beginning}'. {await Process.StandardError.ReadToEndAsync().Soon()}");
        }

        /// <summary>Waits for its end, and returns its exit code.</summary>
        public async Task<int> EndAsync()
        {
            await Process.WaitForExitAsync().Soon();
            return Process.ExitCode;
        }

        public void Dispose()
        {
            Process.Kill(entireProcessTree: true); // nothing, if it has ended
            Process.Dispose();
        }
    }
}
