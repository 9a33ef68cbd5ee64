using System.Net.WebSockets;
using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>Receives many messages that have already arrived from an in-memory connection.</summary>
[MemoryDiagnoser]
public class MessageReceiving
{
    private const int Messages = 1024; // enough that the one wake-up does not matter

    private readonly byte[] _buffer = new byte[64 * 1024]; // a usual size with ClientWebSocket; larger than a message
    private MemoryConnection _duplexConnection = new([]);
    private MemoryConnection _platformConnection = new([]);
    private DefaultWebSocketSession _duplex = null!;
    private WebSocket _platform = null!;

    [Params(16, 128, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        byte[] block = Wire.Frames(WebSocketRole.Server, Opcode.Binary, Size, Messages);
        _duplexConnection = new MemoryConnection(block);
        _duplex = Clients.Duplex(_duplexConnection);
        _platformConnection = new MemoryConnection(block);
        _platform = Clients.Platform(_platformConnection);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _duplex.Abort();
        _platform.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task<long> Duplex()
    {
        _duplexConnection.Give(1);
        long bytes = 0;
        for (int i = 0; i < Messages; i++)
            bytes += (await _duplex.Incoming.ReadAsync()).Data.Length;
        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task<long> DuplexRecycling()
    {
        _duplexConnection.Give(1);
        long bytes = 0;
        for (int received = 0; received < Messages && await _duplex.Incoming.WaitToReadAsync();)
        {
            for (; _duplex.Incoming.TryRead(out Frame? frame); received++)
            {
                bytes += frame.Data.Length;
                frame.Recycle();
            }
        }

        return bytes;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Messages)]
    public async Task<long> Platform()
    {
        _platformConnection.Give(1);
        long bytes = 0;
        for (int i = 0; i < Messages; i++)
            bytes += (await _platform.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None)).Count;
        return bytes;
    }
}
