using System.Globalization;

namespace Duplex.Tests;

/// <summary>What the suite does not ask of the binding to the browser.</summary>
[Collection(nameof(WasmPage))]
public sealed class JavaScriptSocketTests(WasmPage page)
{
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
