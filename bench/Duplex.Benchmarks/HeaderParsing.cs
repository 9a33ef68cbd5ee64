using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>Parses and writes one frame header, for each encoding of the length.</summary>
[MemoryDiagnoser]
public class HeaderParsing
{
    private readonly byte[] _wire = new byte[FrameHeader.MaxSize];
    private readonly byte[] _written = new byte[FrameHeader.MaxSize];

    // One for each encoding of RFC 6455 §5.2: 7, 16 and 64 bits.
    [Params(100, 1000, 100_000)]
    public int PayloadLength { get; set; }

    [Params(false, true)]
    public bool Masked { get; set; }

    private uint? Key => Masked ? 0x12345678 : null;

    [GlobalSetup]
    public void Setup() => new FrameHeader(Opcode.Binary, true, ReservedBits.None, PayloadLength, Key).Write(_wire);

    [Benchmark(Baseline = true)]
    public long Parse() =>
        FrameHeader.TryParse(_wire, out FrameHeader header) ? header.PayloadLength + header.Size : -1;

    [Benchmark]
    public int Write() => new FrameHeader(Opcode.Binary, true, ReservedBits.None, PayloadLength, Key).Write(_written);
}
