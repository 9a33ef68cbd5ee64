namespace Duplex.Protocol;

/// <summary>
/// Finds the end of a DEFLATE block (RFC 1951 §3.2) without expanding it: the platform's codec stops at a final block
/// and discards the input that it has read after it.
/// </summary>
/// <remarks>Not thread-safe. It reads only lengths and codes; the codec validates the data.</remarks>
internal sealed class DeflateBlockScanner
{
    private const int EndOfBlock = 256; // RFC 1951 §3.2.5: it "indicates end-of-block"
    private const int LastLength = 285; // RFC 1951 §3.2.5: the alphabet is 0 to 285

    // RFC 1951 §3.2.6: "distance codes 30-31 will never actually occur in the compressed data".
    private const int LastDistance = 29;

    private const int MostSymbols = 288; // RFC 1951 §3.2.7: 257, and the 5 bits of HLIT
    private const int MostDistances = 32; // RFC 1951 §3.2.7: 1, and the 5 bits of HDIST

    // RFC 1951 §3.2.7: "code lengths for the code length alphabet given just above, in the order".
    private static readonly byte[] Order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    // RFC 1951 §3.2.6, the table; never changed.
    private static readonly PrefixCode FixedSymbols = PrefixCode.Of(
    [
        .. Enumerable.Repeat((byte)8, 144),
        .. Enumerable.Repeat((byte)9, 112),
        .. Enumerable.Repeat((byte)7, 24),
        .. Enumerable.Repeat((byte)8, 8),
    ]);

    private static readonly PrefixCode FixedDistances = PrefixCode.Of([.. Enumerable.Repeat((byte)5, 30)]);

    private readonly byte[] _lengths = new byte[MostSymbols + MostDistances];

    // Only touched by the incoming direction.
    private Step _step = Step.Lost;
    private PrefixCode _symbols = FixedSymbols;
    private PrefixCode _distances = FixedDistances;
    private PrefixCode? _ownSymbols; // created for the first block with dynamic codes
    private PrefixCode? _ownDistances;
    private PrefixCode.Walk _walk; // the position within a code
    private uint _bits;
    private int _bitCount;
    private int _skip; // to skip before the next step
    private int _left; // the current step's counter
    private int _known;
    private int _all;
    private int _literals; // literal and length codes among them
    private int _repeat; // the symbol that repeats a code length

    private enum Step
    {
        Header,
        StoredLength,
        Stored,
        Counts,
        CodeLength,
        Length,
        Repeat,
        Symbol,
        Distance,
        Done,
        Lost, // malformed; the codec reports it
    }

    public bool IsDone => _step == Step.Done;

    public void Begin()
    {
        _step = Step.Header;
        (_bits, _bitCount, _skip, _walk) = (0, 0, 0, default);
    }

    public int Scan(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> rest = data;
        while (_step < Step.Done && TryStep(ref rest))
        {
        }

        return _step == Step.Lost ? data.Length : data.Length - rest.Length;
    }

    private bool TryStep(ref ReadOnlySpan<byte> rest)
    {
        if (_skip > 0 && !TryBits(_skip, ref rest, out _))
            return false;
        _skip = 0;
        Step? next = _step switch
        {
            Step.Header => TryBits(3, ref rest, out int bits) ? AfterHeader(bits >> 1) : null,
            Step.StoredLength => TryBits(16, ref rest, out int length) ? AfterStoredLength(length) : null,
            Step.Stored => TryPass(ref rest) ? Step.Done : null,
            Step.Counts => TryBits(14, ref rest, out int counts) ? AfterCounts(counts) : null,
            Step.CodeLength => TryBits(3, ref rest, out int length) ? AfterCodeLength(length) : null,
            Step.Length => TrySymbol(_symbols, ref rest, out int symbol) ? AfterLength(symbol) : null,
            Step.Repeat => TryBits(_repeat == 18 ? 7 : _repeat - 14, ref rest, out int times)
                ? AfterRepeat(times)
                : null,
            Step.Symbol => TrySymbol(_symbols, ref rest, out int symbol) ? AfterSymbol(symbol) : null,
            _ => TrySymbol(_distances, ref rest, out int distance) ? AfterDistance(distance) : null,
        };
        _step = next ?? _step;
        return next is not null;
    }

    private Step AfterHeader(int type)
    {
        switch (type)
        {
            case 0:
                (_bits, _bitCount) = (0, 0); // §3.2.4: "Any bits of input up to the next byte boundary are ignored."
                return Step.StoredLength;
            case 1:
                (_symbols, _distances) = (FixedSymbols, FixedDistances);
                return Step.Symbol;
            default:
                return type == 2 ? Step.Counts : Step.Lost;
        }
    }

    private Step AfterStoredLength(int length)
    {
        _left = length;
        _skip = 16; // the length's complement
        return Step.Stored;
    }

    private bool TryPass(ref ReadOnlySpan<byte> rest)
    {
        int count = Math.Min(_left, rest.Length);
        rest = rest[count..];
        _left -= count;
        return _left == 0;
    }

    // §3.2.7: HLIT, HDIST and HCLEN.
    private Step AfterCounts(int counts)
    {
        _literals = 257 + (counts & 31);
        _all = _literals + 1 + ((counts >> 5) & 31);
        _left = 4 + (counts >> 10);
        _known = 0;
        _lengths.AsSpan().Clear();
        return Step.CodeLength;
    }

    private Step AfterCodeLength(int length)
    {
        _lengths[Order[_known++]] = (byte)length;
        if (_known < _left)
            return Step.CodeLength;
        _symbols = _ownSymbols ??= new PrefixCode();
        _known = 0;
        return _symbols.TryBuild(_lengths.AsSpan(0, Order.Length)) ? Step.Length : Step.Lost;
    }

    private Step AfterLength(int symbol)
    {
        if (symbol < 16)
        {
            _lengths[_known++] = (byte)symbol;
            return AfterLengths();
        }

        _repeat = symbol;
        return symbol == PrefixCode.None ? Step.Lost : Step.Repeat;
    }

    // §3.2.7: 16 copies the previous length 3 to 6 times; 17 and 18 repeat a length of 0, 3 to 10 and 11 to 138 times.
    private Step AfterRepeat(int more)
    {
        int times = more + (_repeat == 18 ? 11 : 3);
        if (times > _all - _known || (_repeat == 16 && _known == 0))
            return Step.Lost;
        _lengths.AsSpan(_known, times).Fill(_repeat == 16 ? _lengths[_known - 1] : (byte)0);
        _known += times;
        return AfterLengths();
    }

    private Step AfterLengths()
    {
        if (_known < _all)
            return Step.Length;
        _distances = _ownDistances ??= new PrefixCode();
        bool isBuilt = _symbols.TryBuild(_lengths.AsSpan(0, _literals))
            && _distances.TryBuild(_lengths.AsSpan(_literals, _all - _literals));
        return isBuilt ? Step.Symbol : Step.Lost;
    }

    // §3.2.5, the tables of extra bits.
    private Step AfterSymbol(int symbol)
    {
        if (symbol <= EndOfBlock)
            return symbol == EndOfBlock ? Step.Done : Step.Symbol;
        _skip = symbol is < 265 or LastLength ? 0 : (symbol - 261) / 4;
        return symbol <= LastLength ? Step.Distance : Step.Lost;
    }

    private Step AfterDistance(int distance)
    {
        _skip = distance < 4 ? 0 : (distance / 2) - 1;
        return distance <= LastDistance ? Step.Symbol : Step.Lost;
    }

    // Takes a byte only for its first bit, so the last byte taken is the block's last.
    private bool TryBits(int count, ref ReadOnlySpan<byte> rest, out int bits)
    {
        for (; _bitCount < count; _bitCount += 8)
        {
            if (rest.IsEmpty)
            {
                bits = 0;
                return false;
            }

            _bits |= (uint)rest[0] << _bitCount;
            rest = rest[1..];
        }

        bits = (int)(_bits & ((1u << count) - 1));
        _bits >>= count;
        _bitCount -= count;
        return true;
    }

    private bool TrySymbol(PrefixCode code, ref ReadOnlySpan<byte> rest, out int symbol)
    {
        symbol = 0;
        while (TryBits(1, ref rest, out int bit))
        {
            if (code.TryWalk(ref _walk, bit, out symbol))
                return true;
        }

        return false;
    }
}
