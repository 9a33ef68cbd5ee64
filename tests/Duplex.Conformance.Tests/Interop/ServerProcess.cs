using System.ComponentModel;
using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>Somebody else's server, started for the tests as a process of its own on 127.0.0.1, and ended with them; if it is not there, why not.</summary>
public abstract class ServerProcess : IAsyncLifetime
{
    private Process? _process;

    /// <summary>Why the tests cannot run here; null if they can.</summary>
    public string? Lacks { get; private set; }

    /// <summary>The ports that it has told, in order.</summary>
    public IReadOnlyList<int> Ports { get; private set; } = [];

    /// <summary>What could start it, the best first: a program, and its arguments.</summary>
    protected abstract IEnumerable<(string Program, string[] Arguments)> Commands { get; }

    /// <summary>How to get it.</summary>
    protected abstract string Cure { get; }

    /// <summary>Where the servers' scripts lie.</summary>
    protected static string Folder { get; } = Path.Combine(RepositoryRoot.Path, "tests", "Duplex.Conformance.Tests", "Interop", "Servers");

    public async ValueTask InitializeAsync()
    {
        string lacks = "";
        foreach ((string program, string[] arguments) in Commands)
        {
            try
            {
                var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
                Task<string> errors = process.StandardError.ReadToEndAsync();
                if (await process.StandardOutput.ReadLineAsync().Soon() is { } ports)
                {
                    _process = process;
                    Ports = [.. ports.Split(' ').Select(int.Parse)];
                    return;
                }

                string[] lines = (await errors.Soon()).Trim().Split('\n');
                lacks = lines.FirstOrDefault(line => line.Contains("Error:", StringComparison.Ordinal)) ?? lines[^1];
                process.Dispose();
            }
            catch (Win32Exception e)
            {
                lacks = e.Message;
            }
        }

        Lacks = $"{Cure} ({lacks})";
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_process is not { } process)
            return;
        process.StandardInput.Close(); // which ends it
        try
        {
            await process.WaitForExitAsync().Soon();
        }
        catch (TimeoutException)
        {
            process.Kill();
        }

        process.Dispose();
    }

    /// <summary>Skips the test where there is no server.</summary>
    public void Need() => Assert.SkipWhen(Lacks is not null, Lacks ?? "");
}

/// <summary>Node's ws, in the version that package-lock.json pins.</summary>
public sealed class NodeServer : ServerProcess
{
    protected override IEnumerable<(string Program, string[] Arguments)> Commands => [("node", ["ws-server.js"])];

    protected override string Cure => "Needs Node and ws: install nodejs and npm, and run 'npm ci' in tests/Duplex.Conformance.Tests/Interop/Servers, as .ci/run does.";

    /// <summary>Where it is, with its options for one connection.</summary>
    public Uri Uri(string perMessageDeflate = "false", string mode = "") => new($"ws://127.0.0.1:{Ports[0]}/?pmd={System.Uri.EscapeDataString(perMessageDeflate)}&mode={mode}");
}

/// <summary>Python's websockets, in whatever version the system has.</summary>
public sealed class PythonServer : ServerProcess
{
    /// <summary>The arguments of each listener.</summary>
    public static readonly IReadOnlyList<string> Configurations =
    [
        "null", "{}", """{"server_no_context_takeover":true}""", """{"client_no_context_takeover":true}""", """{"server_no_context_takeover":true,"client_no_context_takeover":true}""",
        """{"server_max_window_bits":9}""", """{"client_max_window_bits":8}""", """{"client_max_window_bits":9}""", """{"client_max_window_bits":12,"server_max_window_bits":12}""",
        """{"client_max_window_bits":10,"server_max_window_bits":11,"server_no_context_takeover":true,"client_no_context_takeover":true}""",
        """{"compress_settings":{"level":9,"memLevel":1}}""",
    ];

    // The system's own last: another one that comes first may lack the package.
    protected override IEnumerable<(string Program, string[] Arguments)> Commands =>
        from program in (string[])["python3", "/usr/bin/python3"]
        select (program, (string[])["-B", "websockets_server.py", $"[{string.Join(",", Configurations)}]"]);

    protected override string Cure => "Needs Python and its websockets: install python3-websockets, as .ci/run does.";

    public Uri Uri(int configuration) => new($"ws://127.0.0.1:{Ports[configuration]}/");
}
