using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>A published server of a sample, as a process of its own.</summary>
public sealed class SampleServer : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly Process _process;

    private SampleServer(Process process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public static async Task<SampleServer> StartAsync(string program, string urls)
    {
        var start = new ProcessStartInfo(DotnetHost.Path, [program, "--urls", urls])
        {
            WorkingDirectory = Path.GetDirectoryName(program),
            RedirectStandardOutput = true,
        };
        start.Environment["Logging__LogLevel__Default"] = "Information";
        var process = Process.Start(start)!;
        var printed = new List<string>();
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Patience.Limit) is { } line)
        {
            printed.Add(line);
            if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and int at)
            {
                _ = process.StandardOutput.ReadToEndAsync(); // or the pipe would fill
                return new SampleServer(process, line[(at + Listening.Length)..].Trim());
            }
        }

        process.Dispose();
        throw new InvalidOperationException($"{Path.GetFileName(program)} ended before it listened:\n{string.Join('\n', printed)}");
    }

    public async Task StopAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync().Soon();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }
}
