namespace Duplex.Tests;

public class ReservedBitsTests
{
    [Theory]
    [InlineData(ReservedBits.None, "no reserved bit")]
    [InlineData(ReservedBits.Rsv1, "the reserved bit RSV1")]
    [InlineData(ReservedBits.Rsv2 | ReservedBits.Rsv3, "the reserved bits RSV2 and RSV3")]
    [InlineData(ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3, "the reserved bits RSV1, RSV2 and RSV3")]
    public void They_are_worded_as_the_RFC_spells_them_in_the_order_of_the_wire(ReservedBits bits, string words) => Assert.Equal(words, bits.InWords());
}
