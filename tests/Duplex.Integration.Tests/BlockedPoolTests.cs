using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Duplex.Tests;

/// <summary>What a handshake says when its answer has come, and no thread of the pool is free to read it.</summary>
public sealed class BlockedPoolTests
{
    // Many more than the pool adds threads while the test runs, about two a second.
    private const int Blockers = 150;

    [Fact]
    public async Task An_answer_that_no_thread_could_read_is_told_as_ours_and_not_as_the_servers()
    {
        if (Environment.GetEnvironmentVariable(BlockedPool.Variable) is { } told)
        {
            await Task.Factory.StartNew(() => Block(told), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return;
        }

        WebSocketHandshakeException error = await BlockedPool.OpenAsync();

        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.Contains("WebSocketsOptions.HandshakeTimeout, 15 s, but this process itself ran at least 1 s late", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("did not answer", error.Message, StringComparison.Ordinal);
        Assert.Contains("ThreadPool.SetMinThreads", error.Message, StringComparison.Ordinal);
    }

    // What runs in the process of its own, on a thread that is not the pool's.
    private static void Block(string told)
    {
        var time = new TestClock();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using HttpClient client = Clients.Create(ws => ws.TimeProvider = time);

        Task opening = client.WebSocketSessionAsync(new Uri($"ws://{listener.LocalEndPoint}/"));
        using Socket peer = listener.Accept();
        byte[] buffer = new byte[4096];
        string request = Encoding.ASCII.GetString(buffer, 0, peer.Receive(buffer));
        var release = new ManualResetEventSlim(); // not disposed: those that wait last do so after us
        int blocked = 0;
        for (int i = 0; i < Blockers; i++)
        {
            ThreadPool.QueueUserWorkItem(_ =>
            {
                Interlocked.Increment(ref blocked);
                release.Wait();
            });
        }

        // All threads: one that still works on the request could read the answer before it comes back for its blocker.
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref blocked) >= ThreadPool.ThreadCount, Patience.Limit / 2));
        string key = request.Split("Sec-WebSocket-Key: ")[1].Split('\r')[0];
        peer.Send(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {HandshakeKey.ComputeAccept(key)}\r\n\r\n"));

        time.Advance(TimeSpan.FromSeconds(15));
        Assert.True(SpinWait.SpinUntil(() => time.IsArmed(TimeSpan.FromSeconds(1)), Patience.Limit / 2));
        time.Advance(TimeSpan.FromSeconds(1));
        var error = Assert.Throws<WebSocketHandshakeException>(() => opening.GetAwaiter().GetResult());
        File.WriteAllText(told, $"{error.Check}\n{error.Message}");
        release.Set();
    }
}
