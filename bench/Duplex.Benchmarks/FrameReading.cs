using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>Parses frames from a full read buffer; with Assemble also builds messages and recycles them.</summary>
[MemoryDiagnoser]
public class FrameReading
{
    // The batch size of the receive loop.
    private const int Frames = 64;

    private readonly MessageAssembler _assembler = new();
    private byte[] _wire = [];
    private FrameReader _reader = new(WebSocketRole.Client);

    [Params(16, 128, 1024)]
    public int Size { get; set; }

    // A server's reader also unmasks.
    [Params(WebSocketRole.Client, WebSocketRole.Server)]
    public WebSocketRole Role { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _reader = new FrameReader(Role);
        WebSocketRole sender = Role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client;
        _wire = Wire.Frames(sender, Opcode.Binary, Size, Frames);
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
    public int View()
    {
        Span<byte> input = _wire;
        int bytes = 0;
        while (_reader.TryRead(ref input, out FramePiece piece))
        {
            if (_assembler.TryAccept(piece, out MessageView message))
                bytes += message.Data.Length;
        }

        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public int Assemble()
    {
        Span<byte> input = _wire;
        int bytes = 0;
        while (_reader.TryRead(ref input, out FramePiece piece))
        {
            if (!_assembler.TryAccept(piece, out MessageView message))
                continue;
            Frame frame = _assembler.ToFrame(message);
            bytes += frame.Data.Length;
            frame.Recycle();
        }

        return bytes;
    }
}
