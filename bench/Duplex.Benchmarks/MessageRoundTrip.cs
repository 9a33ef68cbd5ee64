using System.Net.WebSockets;
using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>Sends a message and receives the answer, one at a time, so that every wake-up counts.</summary>
[MemoryDiagnoser]
public class MessageRoundTrip
{
    private readonly byte[] _buffer = new byte[64 * 1024]; // a usual size with ClientWebSocket; larger than a message
    private byte[] _payload = [];
    private DefaultWebSocketSession _duplex = null!;
    private WebSocket _platform = null!;

    [Params(32, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[Size];
        byte[] answer = Wire.Frames(WebSocketRole.Server, Opcode.Binary, Size, count: 1);
        _duplex = Clients.Duplex(new MemoryConnection(answer) { AnswersWrites = true });
        _platform = Clients.Platform(new MemoryConnection(answer) { AnswersWrites = true });
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _duplex.Abort();
        _platform.Dispose();
    }

    [Benchmark]
    public async Task<int> Duplex()
    {
        await _duplex.SendAsync(_payload);
        return (await _duplex.Incoming.ReadAsync()).Data.Length;
    }

    [Benchmark(Baseline = true)]
    public async Task<int> Platform()
    {
        // Receive first, so that the receive waits for its answer as it does on a real connection.
        ValueTask<ValueWebSocketReceiveResult> receiving =
            _platform.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
        await _platform.SendAsync(_payload.AsMemory(), WebSocketMessageType.Binary, true, CancellationToken.None);
        return (await receiving).Count;
    }
}
