using CsCheck;

namespace Duplex.Tests;

public class HandshakeAgreementTests
{
    private static readonly string[] Offered = ["chat", "superchat"];
    private static readonly string[] OfferedExtensions = ["permessage-deflate", "foo"];

    private static Gen<string> Answer(string legal) => Gen.OneOf(HeaderGenerators.AnyText, Gen.Const(legal));

    private static HandshakeAgreement AgreeLeniently(string[] extensions)
    {
        bool agreed = HandshakeAgreement.TryCreate(
            [], extensions, Offered, OfferedExtensions, HandshakeStrictness.Lenient, HandshakeLeniencies.None, out HandshakeAgreement? agreement, out HandshakeFailure? failure);
        Assert.True(agreed, failure?.Message);
        return agreement!;
    }

    private static HandshakeAgreement Agree(string[] subprotocol, string[] extensions, string[]? offered = null)
    {
        bool agreed = HandshakeAgreement.TryCreate(
            subprotocol, extensions, offered ?? Offered, OfferedExtensions, out HandshakeAgreement? agreement, out HandshakeFailure? failure);
        Assert.True(agreed, failure?.Message);
        Assert.Null(failure);
        return agreement!;
    }

    private static HandshakeFailure Fail(string[] subprotocol, string[] extensions, string[]? offered = null, string[]? offeredExtensions = null)
    {
        bool agreed = HandshakeAgreement.TryCreate(
            subprotocol, extensions, offered ?? Offered, offeredExtensions ?? OfferedExtensions,
            out HandshakeAgreement? agreement, out HandshakeFailure? failure);
        Assert.False(agreed);
        Assert.Null(agreement);
        return failure!;
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("superchat")]
    [InlineData(" \tchat ", "chat")]
    public void A_subprotocol_that_was_offered_is_taken(string value, string? chosen = null) =>
        Assert.Equal(chosen ?? value, Agree([value], []).Subprotocol);

    [Fact]
    public void A_server_may_choose_no_subprotocol()
    {
        Assert.Null(Agree([], []).Subprotocol);
        Assert.Null(Agree([], [], []).Subprotocol);
    }

    [Theory]
    [InlineData("canary")]
    [InlineData("Chat")] // names are case-sensitive
    [InlineData("cha")]
    [InlineData("chat2")]
    [InlineData("\"chat\"")]
    [InlineData("chat;q=1")]
    public void A_subprotocol_that_was_not_offered_fails(string value)
    {
        HandshakeFailure failure = Fail([value], []);
        Assert.Equal(HandshakeCheck.Subprotocol, failure.Check);
        Assert.Contains("which was not offered. Offered: 'chat', 'superchat'.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(HttpGrammar.IsToken(value), failure.Message.Contains($"the subprotocol '{value}'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("OCPP1.6", "ocpp1.6", "the subprotocol 'ocpp1.6', which was not offered. Offered: 'OCPP1.6'.")]
    [InlineData(null, "mqtt", "the subprotocol 'mqtt', which was not offered. Offered: none.")]
    [InlineData("token.s3cret", "mqtt", "the subprotocol 'mqtt', which was not offered. Offered: 1, not shown, because one may hold a secret.")]
    public void A_wrong_subprotocol_is_named_and_so_are_those_that_were_offered(string? offered, string came, string words) =>
        Assert.Contains(words, Fail([came], [], offered is null ? [] : [offered]).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_subprotocol_fails_when_none_was_offered() => Assert.Equal(HandshakeCheck.Subprotocol, Fail(["chat"], [], []).Check);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(" \t")]
    public void An_empty_subprotocol_says_that_none_was_chosen(string value) // as .NET's HttpListener has it
    {
        Assert.Null(Agree([value], []).Subprotocol);
        Assert.Null(Agree([value], [], []).Subprotocol);
    }

    [Theory]
    [InlineData("chat, superchat")]
    [InlineData("chat,")]
    [InlineData(",")]
    public void A_list_of_subprotocols_fails(string value)
    {
        HandshakeFailure failure = Fail([value], []);
        Assert.Equal(HandshakeCheck.Subprotocol, failure.Check);
        Assert.Contains("is a list", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat", "superchat")]
    [InlineData("chat", "chat")]
    [InlineData("chat", "")]
    [InlineData("", "")]
    public void Two_subprotocol_headers_fail(string first, string second)
    {
        HandshakeFailure failure = Fail([first, second], []);
        Assert.Equal(HandshakeCheck.Subprotocol, failure.Check);
        Assert.Contains("2 came", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Extensions_that_were_offered_are_taken_in_the_order_of_the_server() =>
        Assert.Equal(["foo; a=1", "permessage-deflate"], Agree([], ["foo;a=1 ,permessage-deflate"]).Extensions.Select(e => e.ToString()));

    [Fact]
    [KtorParity("weakness/6-the-handshake-is-not-checked")]
    public void Extensions_may_stand_on_several_lines() => // RFC 6455 §4.2.2 and erratum 3433
        Assert.Equal(["permessage-deflate", "foo"], Agree([], ["permessage-deflate", "foo"]).Extensions.Select(e => e.Name));

    [Fact]
    public void Without_an_extension_header_there_are_no_extensions() => Assert.Empty(Agree([], []).Extensions);

    [Theory]
    [InlineData("canary", 1, 1)]
    [InlineData("foo, canary; x=1", 2, 2)]
    [InlineData("Foo", 1, 1)]
    public void An_extension_that_was_not_offered_fails(string value, int ordinal, int count)
    {
        HandshakeFailure failure = Fail([], [value]);
        Assert.Equal(HandshakeCheck.Extensions, failure.Check);
        Assert.StartsWith($"Extension {ordinal} of the {count} that the server accepted was not offered. Offered: permessage-deflate, foo.", failure.Message, StringComparison.Ordinal);
        Assert.Contains("WebSocketsOptions.Extensions", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_extension_fails_when_none_was_offered() => Assert.Equal(HandshakeCheck.Extensions, Fail([], ["foo"], offeredExtensions: []).Check);

    [Theory]
    [InlineData("")]
    [InlineData("foo;")]
    [InlineData("foo; canary=\"open")]
    [InlineData("foo; a=\"b c\"")]
    public void A_malformed_extension_header_fails(string value)
    {
        HandshakeFailure failure = Fail([], [value]);
        Assert.Equal(HandshakeCheck.Extensions, failure.Check);
        Assert.Contains("malformed", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_answer_is_agreed_to_or_fails_and_no_message_repeats_it() =>
        Gen.Select(Answer("chat").Array[0, 2], Answer("foo; a, permessage-deflate").Array[0, 2]).Sample((subprotocol, extensions) =>
        {
            bool agreed = HandshakeAgreement.TryCreate(
                subprotocol, extensions, Offered, OfferedExtensions, out HandshakeAgreement? agreement, out HandshakeFailure? failure);
            if (!agreed) return agreement is null && failure!.Message.All(c => c is >= ' ' and <= '~');
            return failure is null
                && (agreement!.Subprotocol is null || Offered.Contains(agreement.Subprotocol))
                && agreement.Extensions.All(e => OfferedExtensions.Contains(e.Name));
        });

    [Fact]
    public void Compression_that_nobody_asked_for_is_named_with_both_cures()
    {
        HandshakeFailure failure = Fail([], ["permessage-deflate"], offeredExtensions: []);

        Assert.Equal(HandshakeCheck.Extensions, failure.Check);
        Assert.StartsWith("The server accepted permessage-deflate, which was not offered. Offered: none.", failure.Message, StringComparison.Ordinal);
        Assert.Contains("InstallPerMessageDeflate()", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Permessage-Deflate", "permessage-deflate", "ExtensionNameCase")]
    [InlineData("FOO; a=1", "foo; a=1", "ExtensionNameCase")]
    [InlineData("permessage-deflate;", "permessage-deflate", "TrailingSemicolon")]
    [InlineData("foo; a=1 ; , permessage-deflate", "foo; a=1, permessage-deflate", "TrailingSemicolon")]
    [InlineData("PERMESSAGE-DEFLATE; ", "permessage-deflate", "ExtensionNameCase, TrailingSemicolon")]
    [InlineData("", "", "EmptyExtensions")]
    [InlineData(" \t", "", "EmptyExtensions")]
    [InlineData("foo", "foo", "None")]
    public void Leniently_exactly_the_listed_faults_of_extensions_are_overlooked_and_noted(string value, string extensions, string leniencies)
    {
        HandshakeAgreement agreement = AgreeLeniently([value]);

        Assert.Equal(extensions, WebSocketExtensionHeader.FormatList(agreement.Extensions));
        Assert.Equal(leniencies, agreement.Leniencies.ToString());
        if (leniencies != "None")
            Assert.Equal(HandshakeCheck.Extensions, Fail([], [value]).Check);
    }

    [Theory]
    [InlineData("foo;;")]
    [InlineData("foo; ;a")]
    [InlineData("foo; a=;")]
    [InlineData(";")]
    [InlineData("foo a")]
    [InlineData("bar")]
    [InlineData("foo, FOO")]
    [InlineData("foo; a=\"b c\"")]
    public void Leniently_everything_else_is_refused_all_the_same(string value)
    {
        Assert.False(HandshakeAgreement.TryCreate([], [value], Offered, OfferedExtensions, HandshakeStrictness.Lenient, HandshakeLeniencies.None, out _, out HandshakeFailure? failure));
        Assert.Equal(HandshakeCheck.Extensions, failure.Check);
    }

    [Fact]
    public void An_extension_that_is_accepted_twice_is_a_failure_however_often_it_was_offered()
    {
        Assert.False(HandshakeAgreement.TryCreate([], ["a; x=1, b", "a"], [], ["a", "b"], out _, out HandshakeFailure? failure));
        Assert.Equal(HandshakeCheck.Extensions, failure.Check);
        Assert.Contains("Extension 3", failure.Message, StringComparison.Ordinal);
    }
}
