using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>A frame out of a buffer that one read has filled: judged only, and made a message with memory of its own, which is given back.</summary>
[MemoryDiagnoser]
public class FrameReading
{
    // As many as the receive loop parses before it publishes them.
    private const int Frames = 64;

    private readonly MessageAssembler _assembler = new();
    private byte[] _wire = [];
    private FrameReader _reader = new(WebSocketRole.Client);

    [Params(16, 128, 1024)]
    public int Size { get; set; }

    // A server's reader unmasks, too.
    [Params(WebSocketRole.Client, WebSocketRole.Server)]
    public WebSocketRole Role { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _reader = new FrameReader(Role);
        _wire = Wire.Frames(Role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client, Opcode.Binary, Size, Frames);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Frames)]
    public int Judge()
    {
        Span<byte> input = _wire;
        int bytes = 0;
        while (_reader.TryRead(ref input, out FramePiece piece))
            bytes += piece.Payload.Length;
        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public int Assemble()
    {
        Span<byte> input = _wire;
        int bytes = 0;
        while (_reader.TryRead(ref input, out FramePiece piece))
        {
            if (!_assembler.TryAccept(piece, out Frame? frame))
                continue;
            bytes += frame.Data.Length;
            frame.Recycle();
        }

        return bytes;
    }
}
