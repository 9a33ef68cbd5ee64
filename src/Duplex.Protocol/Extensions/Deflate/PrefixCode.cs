namespace Duplex.Protocol;

/// <summary>A prefix code of DEFLATE, defined by its code lengths (RFC 1951 §3.2.2), decoded bit by bit.</summary>
internal sealed class PrefixCode
{
    /// <summary>RFC 1951 §3.2.7: no code is longer.</summary>
    public const int MostBits = 15;

    /// <summary>Bits that are not a code; larger than any symbol.</summary>
    public const int None = ushort.MaxValue;

    // Only touched by TryBuild: the codes of each length, and the symbols in the order of their codes.
    private readonly ushort[] _counts = new ushort[MostBits + 1];
    private readonly ushort[] _symbols = new ushort[288]; // RFC 1951 §3.2.5: no alphabet is larger

    public static PrefixCode Of(ReadOnlySpan<byte> lengths)
    {
        var code = new PrefixCode();
        return code.TryBuild(lengths)
            ? code
            : throw new ArgumentException(
                "There are more codes than their lengths have room for.", nameof(lengths));
    }

    /// <summary>A length of 0 is no code. False if there are more codes than room.</summary>
    public bool TryBuild(ReadOnlySpan<byte> lengths)
    {
        _counts.AsSpan().Clear();
        foreach (byte length in lengths)
            _counts[length]++;
        _counts[0] = 0;

        Span<ushort> next = stackalloc ushort[MostBits + 2];
        int room = 1;
        for (int length = 1; length <= MostBits; length++)
        {
            room = (2 * room) - _counts[length];
            if (room < 0)
                return false;
            next[length + 1] = (ushort)(next[length] + _counts[length]);
        }

        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] > 0)
                _symbols[next[lengths[symbol]]++] = (ushort)symbol;
        }

        return true;
    }

    /// <summary>True at the end of a code; the walk then starts again.</summary>
    public bool TryWalk(ref Walk walk, int bit, out int symbol)
    {
        walk.Length++;
        int code = (walk.Code << 1) | bit;
        int first = walk.First << 1;
        int count = _counts[walk.Length];
        if (code - first < count)
        {
            symbol = _symbols[walk.Index + code - first];
            walk = default;
            return true;
        }

        symbol = None;
        if (walk.Length == MostBits)
        {
            walk = default;
            return true;
        }

        (walk.Code, walk.First, walk.Index) = (code, first + count, walk.Index + count);
        return false;
    }

    public struct Walk
    {
        // Only touched by TryWalk.
        internal int Length;
        internal int Code;
        internal int First;
        internal int Index;
    }
}
