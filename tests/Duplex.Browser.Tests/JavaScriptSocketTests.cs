using System.Globalization;

namespace Duplex.Tests;

/// <summary>What the suite does not ask of the binding to the browser.</summary>
[Collection(nameof(WasmPage))]
public sealed class JavaScriptSocketTests(WasmPage page)
{
    [Fact]
    public async Task The_readmes_first_example_runs_unchanged()
    {
        string readme = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "README.md"), TestContext.Current.CancellationToken);
        string example = readme.Split("```csharp\n")[1].Split("```")[0]
            .Replace("using Duplex;", "", StringComparison.Ordinal)
            .Replace("\"ws://localhost:8080/websocket\"", "address", StringComparison.Ordinal);
        string copy = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Path, "tests", "Duplex.Browser.App", "Readme.cs"), TestContext.Current.CancellationToken);
        Assert.Contains(Lines(example), Lines(copy), StringComparison.Ordinal);

        await page.CallAsync("RunReadmeAsync", page.Service);

        Assert.Contains("Received: Hello, WebSocket!", page.Console);
        Assert.Contains("Received 3 bytes", page.Console);

        static string Lines(string code) => string.Join('\n', code.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_server_that_does_not_read_makes_sends_wait()
    {
        int sent = int.Parse(await page.CallAsync("SendUntilFullAsync", page.Service), CultureInfo.InvariantCulture);

        // What the operating system's, the browser's and the server's buffers hold, in MiB: far from all of it.
        Assert.InRange(sent, 1, 100);
    }

    [Fact]
    public async Task A_message_costs_a_few_objects()
    {
        string[] bytes = (await page.CallAsync("AllocatedAsync", page.Service)).Split(' ');
        TestContext.Current.SendDiagnosticMessage("Bytes for a message sent and received: {0}, with ClientWebSocket {1}.", bytes[0], bytes[1]);

        Assert.InRange(int.Parse(bytes[0], CultureInfo.InvariantCulture), 1, 8 * 1024);
    }
}
