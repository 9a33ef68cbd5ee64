using CsCheck;

namespace Duplex.Tests;

public class HandshakeAgreementTests
{
    private static readonly string[] Offered = ["chat", "superchat"];
    private static readonly string[] OfferedExtensions = ["permessage-deflate", "foo"];

    private static Gen<string> Answer(string legal) => Gen.OneOf(HeaderGenerators.AnyText, Gen.Const(legal));

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
        Assert.Contains("did not offer; expected one of the 2 offered", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_subprotocol_fails_when_none_was_offered() => Assert.Equal(HandshakeCheck.Subprotocol, Fail(["chat"], [], []).Check);

    [Theory]
    [InlineData("")]
    [InlineData(" \t")]
    public void An_empty_subprotocol_fails(string value)
    {
        HandshakeFailure failure = Fail([value], []);
        Assert.Equal(HandshakeCheck.Subprotocol, failure.Check);
        Assert.Contains("an empty Sec-WebSocket-Protocol", failure.Message, StringComparison.Ordinal);
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
        Assert.StartsWith($"Extension {ordinal} of the {count} that the server accepted was not offered", failure.Message, StringComparison.Ordinal);
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
    public void An_extension_that_is_accepted_twice_is_a_failure_however_often_it_was_offered()
    {
        Assert.False(HandshakeAgreement.TryCreate([], ["a; x=1, b", "a"], [], ["a", "b"], out _, out HandshakeFailure? failure));
        Assert.Equal(HandshakeCheck.Extensions, failure.Check);
        Assert.Contains("Extension 3", failure.Message, StringComparison.Ordinal);
    }
}
