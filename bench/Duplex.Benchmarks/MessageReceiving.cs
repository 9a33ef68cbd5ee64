using System.Net.WebSockets;
using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>A message from an in-memory connection to its receiver, one of many that have come.</summary>
[MemoryDiagnoser]
public class MessageReceiving
{
    private const int Messages = 1024; // what is woken and waited for once does not count

    private readonly byte[] _buffer = new byte[64 * 1024]; // the usual one of who receives with the platform's, and larger than a message
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
