using System.Net.WebSockets;
using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>A message there, and the answer of an in-memory connection back: one at a time, so that every wake-up counts.</summary>
[MemoryDiagnoser]
public class MessageRoundTrip
{
    private readonly byte[] _buffer = new byte[64 * 1024]; // the usual one of who receives with the platform's, and larger than a message
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
        // The receive first: it would only find its answer in memory, where a connection takes its time.
        ValueTask<ValueWebSocketReceiveResult> receiving = _platform.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None);
        await _platform.SendAsync(_payload.AsMemory(), WebSocketMessageType.Binary, true, CancellationToken.None);
        return (await receiving).Count;
    }
}
