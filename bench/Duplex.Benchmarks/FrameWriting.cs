using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>Stages frames for the next write: a client masks the payload, a server only copies it.</summary>
[MemoryDiagnoser]
public class FrameWriting
{
    private const int Frames = 16; // of the largest size they fill one write of a session

    private byte[] _payload = [];
    private FrameWriter _client = new(WebSocketRole.Client);
    private FrameWriter _server = new(WebSocketRole.Server);

    [Params(16, 128, 1024, 16 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[Size];
        _client = new FrameWriter(WebSocketRole.Client);
        _server = new FrameWriter(WebSocketRole.Server);
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public int Masked() => Write(_client);

    [Benchmark(Baseline = true, OperationsPerInvoke = Frames)]
    public int Unmasked() => Write(_server);

    private int Write(FrameWriter writer)
    {
        for (int i = 0; i < Frames; i++)
            writer.Write(Opcode.Binary, _payload);
        ArraySegment<byte> written = writer.Take();
        writer.Return(written);
        return written.Count;
    }
}
