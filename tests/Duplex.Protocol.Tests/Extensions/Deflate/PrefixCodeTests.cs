namespace Duplex.Tests;

public class PrefixCodeTests
{
    // RFC 1951 §3.2.2, the example: the lengths (3, 3, 3, 3, 3, 2, 4, 4) of A to H give these codes.
    private static readonly string[] Codes = ["010", "011", "100", "101", "110", "00", "1110", "1111"];

    [Fact]
    public void The_RFCs_example_is_read_bit_by_bit()
    {
        PrefixCode code = PrefixCode.Of([3, 3, 3, 3, 3, 2, 4, 4]);
        PrefixCode.Walk walk = default;
        for (int symbol = 0; symbol < Codes.Length; symbol++)
        {
            for (int i = 0; i < Codes[symbol].Length; i++)
            {
                Assert.Equal(i == Codes[symbol].Length - 1, code.TryWalk(ref walk, Codes[symbol][i] - '0', out int found));
                Assert.Equal(i == Codes[symbol].Length - 1 ? symbol : PrefixCode.None, found);
            }
        }
    }

    [Fact]
    public void Bits_that_are_no_code_end_after_15_of_them()
    {
        PrefixCode code = PrefixCode.Of([1]); // one code of one bit, "0"
        PrefixCode.Walk walk = default;
        for (int i = 1; i < PrefixCode.MostBits; i++)
            Assert.False(code.TryWalk(ref walk, 1, out _));

        Assert.True(code.TryWalk(ref walk, 1, out int symbol));
        Assert.Equal(PrefixCode.None, symbol);
        Assert.True(code.TryWalk(ref walk, 0, out symbol)); // and the next begins anew
        Assert.Equal(0, symbol);
    }

    [Fact]
    public void More_codes_than_there_is_room_for_are_none()
    {
        var code = new PrefixCode();

        Assert.False(code.TryBuild([1, 1, 1]));
        Assert.True(code.TryBuild([1, 1]));
        Assert.Throws<ArgumentException>(() => PrefixCode.Of([2, 2, 2, 2, 15]));
    }
}
