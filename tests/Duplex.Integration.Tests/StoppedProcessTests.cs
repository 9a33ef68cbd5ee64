using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>A process that is stopped for longer than its ping timeout, as by a debugger or a frozen container, and continued.</summary>
public sealed class StoppedProcessTests
{
    private const int Sessions = 200;
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10); // for all pings to come before the process is stopped

    [Theory]
    [InlineData(1.05)] // just longer than the timeout: the first tick afterwards is hardly late
    [InlineData(1.8)]
    public async Task Of_a_process_that_was_stopped_for_longer_than_the_ping_timeout_no_session_is_lost(double timeouts)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signal that stops a process.");
        using var server = new RawServer();
        using Process fleet = OwnProgram.Start(
            Path.Combine("tests", "Duplex.Fleet"), "Duplex.Fleet", server.Uri.AbsoluteUri, $"{Sessions}", $"{PingTimeout.TotalMilliseconds}");
        var peers = new List<RawPeer>();
        try
        {
            while (peers.Count < Sessions)
            {
                peers.Add(await server.AcceptAsync());
                await peers[^1].UpgradeAsync();
            }

            Assert.Equal("open", await fleet.StandardOutput.ReadLineAsync().Soon());
            Frame?[] pings = await Task.WhenAll(peers.Select(peer => peer.ReceiveAsync()));

            // Each session waits for a pong, which comes while nothing can read it.
            await SignalAsync(fleet, "STOP");
            long stopped = TimeProvider.System.GetTimestamp();
            await Task.WhenAll(peers.Zip(pings, AnswerAsync));
            Task serving = Task.WhenAll(peers.Select(ServeAsync));
            TimeSpan rest = (timeouts * PingTimeout) - TimeProvider.System.GetElapsedTime(stopped);
#pragma warning disable RS0030 // the time of another process, which no clock of ours can move
            await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
#pragma warning restore RS0030
            await SignalAsync(fleet, "CONT");

            await fleet.StandardInput.WriteLineAsync();
            Assert.Equal("lost 0", (await fleet.StandardOutput.ReadLineAsync().Soon())?.Trim());
            await serving.Soon();
        }
        finally
        {
            fleet.Kill(); // stopped or not; nothing happens if it has ended
            peers.ForEach(peer => peer.Dispose());
        }
    }

    private static Task AnswerAsync(RawPeer peer, Frame? ping) => peer.WriteAsync((byte[])[0x8a, (byte)ping!.Data.Length, .. ping.Data.Span]);

    // Answers pings until the session ends.
    private static async Task ServeAsync(RawPeer peer)
    {
        try
        {
            while (await peer.ReceiveAsync() is { } ping)
                await AnswerAsync(peer, ping);
        }
        catch (IOException)
        {
            // Aborted: RST.
        }
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync().Soon();
        Assert.Equal(0, kill.ExitCode);
    }
}
