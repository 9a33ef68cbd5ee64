using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>The sample as a user runs it: processes, standard input and output.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task Without_arguments_it_runs_a_demo()
    {
        using Process demo = Start();

        string output = await demo.StandardOutput.ReadToEndAsync().Soon();
        await demo.WaitForExitAsync().Soon();

        Assert.Equal(0, demo.ExitCode);
        Assert.Equal(3 * 2, output.Split('\n').Count(line => line.Contains(" | Ann: ", StringComparison.Ordinal)
            || line.Contains(" | Bob: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_server_and_two_clients_talk()
    {
        using Process server = Start("serve", "--port", "0");
        try
        {
            string listens = await SeeAsync(server, "The chat server listens on http");
            string address = listens.Split(' ').First(word => word.StartsWith("http", StringComparison.Ordinal))
                .TrimEnd('.').Replace("http", "ws", StringComparison.Ordinal);
            using Process ann = Start("join", address, "--name", "Ann");
            await SeeAsync(ann, "* Ann is here.");
            using Process bob = Start("join", address, "--name", "Bob");
            await SeeAsync(ann, "* Bob is here.");

            await ann.StandardInput.WriteLineAsync("Hello, Bob!");
            await SeeAsync(bob, "Ann: Hello, Bob!");
            await bob.StandardInput.WriteLineAsync("/quit");
            await SeeAsync(bob, "* You have left (1000 NormalClosure).");
            await SeeAsync(ann, "* Bob has left.");
            ann.StandardInput.Close();
            await SeeAsync(ann, "* You have left (1000 NormalClosure).");

            await Task.WhenAll(ann.WaitForExitAsync(), bob.WaitForExitAsync()).Soon();
            Assert.Equal((0, 0), (ann.ExitCode, bob.ExitCode));
        }
        finally
        {
            server.Kill();
        }
    }

    [Fact]
    public async Task An_address_that_is_none_is_refused()
    {
        using Process client = Start("join", "http://127.0.0.1", "--name", "Ann");

        string errors = await client.StandardError.ReadToEndAsync().Soon();
        Assert.Contains("begins with ws://", errors, StringComparison.Ordinal);
        await client.WaitForExitAsync().Soon();
        Assert.NotEqual(0, client.ExitCode);
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
        [Path.Combine(AppContext.BaseDirectory, "Chat.dll"), .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task<string> SeeAsync(Process process, string beginning)
    {
        while (await process.StandardOutput.ReadLineAsync().Soon() is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException(
            $"It ended without '{beginning}'. {await process.StandardError.ReadToEndAsync().Soon()}");
    }
}
