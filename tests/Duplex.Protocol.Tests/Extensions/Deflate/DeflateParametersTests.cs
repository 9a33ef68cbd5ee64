namespace Duplex.Tests;

public class DeflateParametersTests
{
    [Theory]
    [InlineData("", false, false, null, null)]
    [InlineData("server_no_context_takeover", true, false, null, null)]
    [InlineData("client_no_context_takeover; server_no_context_takeover", true, true, null, null)]
    [InlineData("server_max_window_bits=8; client_max_window_bits=15", false, false, 8, 15)]
    [InlineData("client_max_window_bits=\"10\"", false, false, null, 10)] // RFC 6455 §9.1: quotes do not count
    public void A_legal_answer_is_read(string answer, bool serverAlone, bool clientAlone, int? serverBits, int? clientBits)
    {
        Assert.True(DeflateParameters.TryParse(Header(answer), out DeflateParameters parameters, out _));
        Assert.Equal(new DeflateParameters(serverAlone, clientAlone, serverBits, clientBits), parameters);
    }

    [Theory]
    [InlineData("secret", "another parameter")]
    [InlineData("Server_No_Context_Takeover", "another parameter")]
    [InlineData("server_no_context_takeover; server_no_context_takeover", "server_no_context_takeover once")]
    [InlineData("server_max_window_bits=10; server_max_window_bits=10", "server_max_window_bits once")]
    [InlineData("server_no_context_takeover=1", "without a value")]
    [InlineData("client_no_context_takeover=true", "without a value")]
    [InlineData("server_max_window_bits", "from 8 to 15")]
    [InlineData("client_max_window_bits", "from 8 to 15")] // only an offer has it without a value
    [InlineData("client_max_window_bits=7", "from 8 to 15")]
    [InlineData("client_max_window_bits=16", "from 8 to 15")]
    [InlineData("client_max_window_bits=08", "from 8 to 15")]
    [InlineData("client_max_window_bits=+9", "from 8 to 15")]
    [InlineData("client_max_window_bits=secret", "from 8 to 15")]
    [InlineData("client_max_window_bits=99999999999999999999", "from 8 to 15")]
    [KtorParity("extensions/compression-the-offer-and-the-answer")]
    public void An_illegal_one_is_refused_in_words_that_are_not_the_servers(string answer, string expected)
    {
        Assert.False(DeflateParameters.TryParse(Header(answer), out _, out string? error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("extensions/clientNoContextTakeOver-serverNoContextTakeOver")]
    public void An_offer_stands_in_the_header_with_what_it_asks_for()
    {
        Assert.Equal("permessage-deflate; client_max_window_bits", DeflateParameters.ToHeader(new()).ToString());
        Assert.Equal(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9",
            DeflateParameters.ToHeader(new() { ServerContextTakeover = false, ClientContextTakeover = false, ServerMaxWindowBits = 9, AllowsClientMaxWindowBits = false }).ToString());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8", true)] // RFC 7692 lets a server say all of it unasked but the last
    public void The_plainest_offer_allows_any_answer(string answer, bool fits) => Assert.Equal(fits, Fits(new(), answer));

    [Theory]
    [InlineData("server_no_context_takeover", true)]
    [InlineData("", false)]
    public void A_server_that_was_asked_for_messages_that_stand_alone_must_say_so(string answer, bool fits) =>
        Assert.Equal(fits, Fits(new() { ServerContextTakeover = false }, answer));

    [Theory]
    [InlineData("client_no_context_takeover", true)]
    [InlineData("", true)] // in an offer it is a hint
    public void One_that_was_told_of_ours_need_not(string answer, bool fits) => Assert.Equal(fits, Fits(new() { ClientContextTakeover = false }, answer));

    [Theory]
    [InlineData("server_max_window_bits=10", true)]
    [InlineData("server_max_window_bits=8", true)]
    [InlineData("server_max_window_bits=11", false)]
    [InlineData("", false)]
    public void A_servers_window_is_as_large_as_was_offered_or_smaller(string answer, bool fits) => Assert.Equal(fits, Fits(new() { ServerMaxWindowBits = 10 }, answer));

    [Fact]
    public void A_clients_window_must_have_been_offered() => Assert.False(Fits(new() { AllowsClientMaxWindowBits = false }, "client_max_window_bits=15"));

    [Theory]
    [InlineData("client_max_window_bits", "it has no value. Set PerMessageDeflateOptions.AllowsClientMaxWindowBits to false")]
    [InlineData("client_max_window_bits=16", "without leading zeros. Set PerMessageDeflateOptions.AllowsClientMaxWindowBits to false")]
    [InlineData("server_max_window_bits", "it has no value. Leave PerMessageDeflateOptions.ServerMaxWindowBits at 15")]
    public void An_illegal_window_names_the_option_that_does_not_ask_for_it(string answer, string expected)
    {
        Assert.False(DeflateParameters.TryParse(Header(answer), out _, out string? error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_contradicts_an_offer_names_the_option_too()
    {
        Assert.Contains("ServerContextTakeover", Contradiction(new() { ServerContextTakeover = false }, ""), StringComparison.Ordinal);
        Assert.Contains("Alternatives", Contradiction(new() { ServerContextTakeover = false }, ""), StringComparison.Ordinal);
        Assert.Contains("PerMessageDeflateOptions.ServerMaxWindowBits", Contradiction(new() { ServerMaxWindowBits = 9 }, ""), StringComparison.Ordinal);
        Assert.Contains("PerMessageDeflateOptions.AllowsClientMaxWindowBits to true", Contradiction(new() { AllowsClientMaxWindowBits = false }, "client_max_window_bits=9"), StringComparison.Ordinal);
    }

    private static string? Contradiction(PerMessageDeflateOffer offer, string answer)
    {
        Assert.True(DeflateParameters.TryParse(Header(answer), out DeflateParameters parameters, out _));
        return parameters.Contradicts(offer);
    }

    private static bool Fits(PerMessageDeflateOffer offer, string answer) => Contradiction(offer, answer) is null;

    private static WebSocketExtensionHeader Header(string parameters) =>
        Assert.Single(WebSocketExtensionHeader.ParseList(parameters.Length == 0 ? "permessage-deflate" : $"permessage-deflate; {parameters}"));
}
