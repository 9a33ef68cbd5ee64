using System.Net.WebSockets;
using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>Sends many messages, awaiting each, until an in-memory connection has accepted all of them.</summary>
[MemoryDiagnoser]
public class MessageSending
{
    private const int Messages = 1024; // enough that the final flush does not matter

    private byte[] _payload = [];
    private DefaultWebSocketSession _duplex = null!;
    private WebSocket _platform = null!;

    [Params(16, 128, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[Size];
        _duplex = Clients.Duplex(new MemoryConnection([]));
        _platform = Clients.Platform(new MemoryConnection([]));
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _duplex.Abort();
        _platform.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task Duplex()
    {
        for (int i = 0; i < Messages; i++)
            await _duplex.SendAsync(_payload);
        await _duplex.FlushAsync();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Messages)]
    public async Task Platform()
    {
        for (int i = 0; i < Messages; i++)
            await _platform.SendAsync(_payload.AsMemory(), WebSocketMessageType.Binary, true, CancellationToken.None);
    }
}
