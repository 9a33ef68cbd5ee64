using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>The comparison of clients that reconnect, as a person runs it. Its figures are not judged here.</summary>
public sealed class FeedsComparisonTests
{
    private const string Header = "| script | client |";

    [Fact]
    public async Task Each_client_recovers_from_a_fault_and_ends()
    {
        using Process comparison = OwnProgram.Start(Path.Combine("bench", "Duplex.Feeds"), "Duplex.Feeds", "--quick", "--scripts", "fin");
        try
        {
            Task<string> output = comparison.StandardOutput.ReadToEndAsync(), errors = comparison.StandardError.ReadToEndAsync();
            await comparison.WaitForExitAsync().WaitAsync(Patience.LongLimit); // it starts four processes and pauses by itself: about 10 s, if the machine does nothing else

            Assert.True(comparison.ExitCode == 0, await errors.Soon());
            string[] lines = (await output.Soon()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.StartsWith(Header, lines[0], StringComparison.Ordinal);
            Assert.Equal(
                ["duplex", "websocket.client", "signalr", "signalr-stateful"],
                lines.Skip(2).Select(line => line.Split('|', StringSplitOptions.TrimEntries)[2]));
            Assert.All(lines.Skip(2), line => Assert.DoesNotContain("never", line, StringComparison.Ordinal));
        }
        finally
        {
            comparison.Kill(); // nothing happens if it has ended; its clients end with it
        }
    }
}
