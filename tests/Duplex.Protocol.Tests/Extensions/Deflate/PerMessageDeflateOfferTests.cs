namespace Duplex.Tests;

public class PerMessageDeflateOfferTests
{
    [Theory, InlineData(7), InlineData(16), InlineData(0), InlineData(-1)]
    public void A_window_has_8_to_15_bits(int bits) => Assert.Throws<ArgumentOutOfRangeException>(() => new PerMessageDeflateOffer { ServerMaxWindowBits = bits });

    [Fact]
    public void By_default_it_asks_for_nothing_and_allows_all() =>
        Assert.Equal(new PerMessageDeflateOffer { ServerContextTakeover = true, ClientContextTakeover = true, ServerMaxWindowBits = 15, AllowsClientMaxWindowBits = true }, new PerMessageDeflateOffer());
}
