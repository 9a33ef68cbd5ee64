using System.Text;
using System.Text.Unicode;
using BenchmarkDotNet.Attributes;

namespace Duplex.Benchmarks;

/// <summary>
/// Validates UTF-8 at once, and in pieces that split characters. The baseline is the platform's check, which needs the
/// whole text.
/// </summary>
[MemoryDiagnoser]
public class Utf8Checking
{
    private const int PieceSize = 125; // no multiple of 2, 3 or 4, so that most pieces split a character

    private byte[] _text = [];

    [Params(64, 1024, 64 * 1024)]
    public int Size { get; set; }

    [Params("ascii", "mixed", "kanji")]
    public string Script { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        byte[] phrase = Encoding.UTF8.GetBytes(Script switch
        {
            "ascii" => "The quick brown fox. ",
            "kanji" => "漢字仮名",
            _ => "price: 12 €, naïve 😀 ",
        });
        _text = new byte[Size];
        for (int start = 0; start < Size; start += phrase.Length)
        {
            if (start + phrase.Length <= Size)
                phrase.CopyTo(_text, start);
            else
                _text.AsSpan(start).Fill((byte)'.');
        }
    }

    [Benchmark]
    public bool Whole()
    {
        var validator = default(Utf8Validator);
        return validator.Append(_text) && validator.IsComplete;
    }

    [Benchmark]
    public bool InPieces()
    {
        var validator = default(Utf8Validator);
        for (ReadOnlySpan<byte> rest = _text; !rest.IsEmpty; rest = rest[Math.Min(PieceSize, rest.Length)..])
        {
            if (!validator.Append(rest[..Math.Min(PieceSize, rest.Length)]))
                return false;
        }

        return validator.IsComplete;
    }

    [Benchmark(Baseline = true)]
    public bool Platform() => Utf8.IsValid(_text);
}
