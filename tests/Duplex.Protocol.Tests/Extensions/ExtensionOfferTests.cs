namespace Duplex.Tests;

public class ExtensionOfferTests
{
    [Fact]
    [KtorParity("extensions/WebSocketExtension.protocols")]
    public void All_offers_stand_in_one_value_in_the_order_of_installation()
    {
        using var offer = new ExtensionOffer([Factory("log"), Factory("b", "b; x=1", "b"), Factory("a", "a")]);

        Assert.Equal("b; x=1, b, a", offer.HeaderValue);
        Assert.Equal(["b", "a"], offer.Names);
    }

    [Fact]
    public void Without_offers_there_is_no_header()
    {
        using var offer = new ExtensionOffer([Factory("log")]);
        Assert.Null(offer.HeaderValue);
        Assert.Empty(offer.Names);
    }

    [Theory]
    [InlineData("", "log, wire")]
    [InlineData("a, b", "log, a, b, wire")]
    [InlineData("b, a", "log, b, a, wire")]
    [InlineData("b", "log, b, wire")]
    [KtorParity("extensions/an-extension-that-offers-nothing-is-a-local")]
    public void The_order_is_the_servers_and_interceptors_keep_their_side_of_it(string answer, string expected)
    {
        List<ToyExtension> made = [];
        using var offer = new ExtensionOffer([Factory("log", made), Factory("a", made, "a"), Factory("wire", made), Factory("b", made, "b")]);

        Assert.True(offer.TryAccept(Parsed(answer), out ExtensionChain? chain, out _));

        Assert.Equal(expected, string.Join(", ", chain!.Extensions.Select(extension => extension.Name)));
        offer.Dispose();
        Assert.All(made, extension => Assert.Equal(chain.Extensions.Contains(extension) ? 0 : 1, extension.Disposals));
        chain.Release();
        Assert.All(made, extension => Assert.Equal(1, extension.Disposals));
    }

    [Fact]
    public void With_nothing_installed_or_accepted_there_is_no_chain()
    {
        using var none = new ExtensionOffer([]);
        Assert.True(none.TryAccept([], out ExtensionChain? chain, out _));
        Assert.Null(chain);

        using var refused = new ExtensionOffer([Factory("a", "a")]);
        Assert.True(refused.TryAccept([], out chain, out _));
        Assert.Null(chain);
    }

    [Fact]
    [KtorParity("extensions/clientNegotiation")]
    public void Illegal_parameters_fail_with_the_extensions_name_and_words_and_not_with_the_servers()
    {
        List<ToyExtension> made = [];
        var offer = new ExtensionOffer([Factory("a", made, "a; x=1")]);

        Assert.False(offer.TryAccept(Parsed("a; secret=2"), out _, out HandshakeFailure? failure));

        Assert.Equal(HandshakeCheck.Extensions, failure.Check);
        Assert.Contains("extension a ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
        offer.Dispose();
        Assert.Equal(1, Assert.Single(made).Disposals);
    }

    [Fact]
    public void A_factory_that_throws_leaves_nothing_behind()
    {
        List<ToyExtension> made = [];
        Assert.Throws<FormatException>(() => new ExtensionOffer([Factory("a", made), new ToyFactory("b", () => throw new FormatException())]));
        Assert.Equal(1, Assert.Single(made).Disposals);
    }

    [Fact]
    public void An_extension_that_contradicts_itself_is_refused()
    {
        Assert.Throws<InvalidOperationException>(() => new ExtensionOffer([Factory("a", "b")]));
        InvalidOperationException unoffered = Assert.Throws<InvalidOperationException>(() => new ExtensionOffer([new ToyFactory("a", () => new ToyExtension(), ReservedBits.Rsv2)]));
        Assert.Contains("RSV2", unoffered.Message, StringComparison.Ordinal);
        var shared = new ToyExtension();
        Assert.Throws<InvalidOperationException>(() => new ExtensionOffer([new ToyFactory("a", () => shared), new ToyFactory("b", () => shared)]));
        Assert.Throws<InvalidOperationException>(() => new ExtensionOffer([new ToyFactory("a", () => null!)]));
    }

    private static IReadOnlyList<WebSocketExtensionHeader> Parsed(string answer) => answer.Length == 0 ? [] : WebSocketExtensionHeader.ParseList(answer);

    private static ToyFactory Factory(string name, params string[] offers) => Factory(name, [], offers);

    private static ToyFactory Factory(string name, List<ToyExtension> made, params string[] offers) => new(name, () =>
    {
        made.Add(new ToyExtension { Offered = [.. offers.SelectMany(WebSocketExtensionHeader.ParseList)] });
        return made[^1];
    });
}
