namespace Duplex.Tests;

/// <summary>DEFLATE as RFC 1951 describes it, bit by bit: slow, plain, and written apart from the platform's codec. It also tells how far back data refer.</summary>
internal sealed class ReferenceInflate
{
    private static readonly int[] CodeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    private readonly List<byte> _output = [];
    private byte[] _input = [];
    private int _bit;

    /// <summary>The furthest that anything referred back so far.</summary>
    public int FurthestDistance { get; private set; }

    /// <summary>Whether a block was final.</summary>
    public bool HasFinalBlock { get; private set; }

    /// <summary>Whether the last message ended as RFC 7692 §7.2.1 has it, at the end of a block: then the tail is the rest of an empty one, and no data.</summary>
    public bool EndedWell { get; private set; }

    /// <summary>Expands a message as RFC 7692 §7.2.2 says; those before it can be referred to.</summary>
    public byte[] Message(ReadOnlySpan<byte> payload)
    {
        _input = [.. payload, 0x00, 0x00, 0xFF, 0xFF];
        _bit = 0;
        int start = _output.Count;
        while (_bit < _input.Length * 8)
            Block();
        return [.. _output.Skip(start)];
    }

    private void Block()
    {
        bool isFinal = Bits(1) == 1;
        HasFinalBlock |= isFinal;
        EndedWell = false;
        switch (Bits(2))
        {
            case 0:
                Align();
                int length = Bits(16);
                Assert.Equal(length ^ 0xFFFF, Bits(16));
                for (int i = 0; i < length; i++)
                    _output.Add((byte)Bits(8));
                EndedWell = length == 0;
                break;
            case 1:
                Codes(
                    [.. Enumerable.Repeat(8, 144), .. Enumerable.Repeat(9, 112), .. Enumerable.Repeat(7, 24), .. Enumerable.Repeat(8, 8)],
                    [.. Enumerable.Repeat(5, 30)]);
                break;
            case 2:
                Dynamic();
                break;
            default:
                Assert.Fail("A block of a type that does not exist.");
                break;
        }

        if (isFinal)
            Align(); // RFC 7692 §7.2.1: padding bits follow
    }

    private void Dynamic()
    {
        int literals = Bits(5) + 257, distances = Bits(5) + 1, codes = Bits(4) + 4;
        int[] lengths = new int[19];
        for (int i = 0; i < codes; i++)
            lengths[CodeLengthOrder[i]] = Bits(3);
        Dictionary<(int, int), int> code = Canonical(lengths);
        var all = new List<int>();
        while (all.Count < literals + distances)
        {
            int symbol = Symbol(code);
            (int value, int times) = symbol switch
            {
                16 => (all[^1], Bits(2) + 3),
                17 => (0, Bits(3) + 3),
                18 => (0, Bits(7) + 11),
                _ => (symbol, 1),
            };
            all.AddRange(Enumerable.Repeat(value, times));
        }

        Codes([.. all.Take(literals)], [.. all.Skip(literals)]);
    }

    private void Codes(int[] literalLengths, int[] distanceLengths)
    {
        Dictionary<(int, int), int> literals = Canonical(literalLengths), distances = Canonical(distanceLengths);
        while (Symbol(literals) is not 256 and var symbol)
        {
            if (symbol < 256)
            {
                _output.Add((byte)symbol);
                continue;
            }

            // RFC 1951 §3.2.5, the two tables, as the rule that they follow.
            int group = (symbol - 257) / 4;
            int length = symbol == 285 ? 258 : symbol < 265 ? symbol - 254 : ((4 + ((symbol - 257) % 4)) << (group - 1)) + 3 + Bits(group - 1);
            int code = Symbol(distances);
            int distance = code < 4 ? code + 1 : ((2 + (code % 2)) << ((code / 2) - 1)) + 1 + Bits((code / 2) - 1);
            Assert.True(distance <= _output.Count, "A reference to before the beginning.");
            FurthestDistance = Math.Max(FurthestDistance, distance);
            for (int i = 0; i < length; i++)
                _output.Add(_output[^distance]);
        }
    }

    private static Dictionary<(int Length, int Code), int> Canonical(int[] lengths)
    {
        var codes = new Dictionary<(int, int), int>();
        int code = 0;
        for (int length = 1; length <= 15; length++, code <<= 1)
        {
            for (int symbol = 0; symbol < lengths.Length; symbol++)
            {
                if (lengths[symbol] == length)
                    codes[(length, code++)] = symbol;
            }
        }

        return codes;
    }

    private int Symbol(Dictionary<(int, int), int> codes)
    {
        int code = 0;
        for (int length = 1; length <= 15; length++)
        {
            code = (code << 1) | Bits(1);
            if (codes.TryGetValue((length, code), out int symbol))
                return symbol;
        }

        Assert.Fail("A code that does not exist.");
        return 0;
    }

    private int Bits(int count)
    {
        int value = 0;
        for (int i = 0; i < count; i++, _bit++)
        {
            Assert.True(_bit / 8 < _input.Length, "The data end within a block.");
            value |= ((_input[_bit / 8] >> (_bit % 8)) & 1) << i;
        }

        return value;
    }

    private void Align() => _bit = (_bit + 7) & ~7;
}
