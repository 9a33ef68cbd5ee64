using System.Net;

namespace Duplex.Tests;

public class HandshakeResponseRulesTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    // RFC 6455 §1.2
    private static readonly HandshakeResponseRules Good = new()
    {
        StatusCode = 101,
        HttpVersion = HttpVersion.Version11,
        Upgrade = ["websocket"],
        Connection = ["Upgrade"],
        SecWebSocketAccept = [Accept],
        SecWebSocketProtocol = ["chat"],
    };

    private static HandshakeAgreement Agree(HandshakeResponseRules response)
    {
        bool accepted = response.TryAccept(Key, ["chat", "superchat"], ["foo"], out HandshakeAgreement? agreement, out HandshakeFailure? failure);
        Assert.True(accepted, failure?.Message);
        Assert.Null(failure);
        return agreement!;
    }

    private static string Fail(HandshakeCheck check, HandshakeResponseRules response)
    {
        Assert.False(response.TryAccept(Key, ["chat", "superchat"], ["foo"], out HandshakeAgreement? agreement, out HandshakeFailure? failure));
        Assert.Null(agreement);
        Assert.Equal(check, failure.Check);
        Assert.DoesNotContain("canary", failure.Message, StringComparison.Ordinal);
        return failure.Message;
    }

    [Fact]
    public void The_response_of_the_RFC_opens_the_WebSocket()
    {
        HandshakeAgreement agreement = Agree(Good);
        Assert.Equal("chat", agreement.Subprotocol);
        Assert.Empty(agreement.Extensions);
    }

    [Fact]
    public void A_response_without_any_choice_opens_the_WebSocket()
    {
        HandshakeAgreement agreement = Agree(Good with { SecWebSocketProtocol = [] });
        Assert.Null(agreement.Subprotocol);
        Assert.Empty(agreement.Extensions);
    }

    [Fact]
    public void Accepted_extensions_are_handed_on() =>
        Assert.Equal("foo; a=1", Assert.Single(Agree(Good with { SecWebSocketExtensions = ["foo;a=1"] }).Extensions).ToString());

    [Theory]
    [InlineData(100)]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(503)]
    public void Another_status_fails_and_is_named(int status) =>
        Assert.Contains($"with {status} where 101 Switching Protocols was expected", Fail(HandshakeCheck.Status, Good with { StatusCode = status }), StringComparison.Ordinal);

    [Fact]
    public void The_status_is_judged_before_all_else() =>
        Fail(HandshakeCheck.Status, new HandshakeResponseRules { StatusCode = 403, HttpVersion = HttpVersion.Version10 });

    [Theory]
    [InlineData("0.9")]
    [InlineData("1.0")]
    [InlineData("2.0")]
    [InlineData("3.0")]
    public void A_101_of_another_HTTP_version_fails_and_is_named(string version) =>
        Assert.Contains($"HTTP/{version};", Fail(HandshakeCheck.HttpVersion, Good with { HttpVersion = Version.Parse(version) }), StringComparison.Ordinal);

    [Theory]
    [InlineData("websocket")]
    [InlineData("WebSocket")]
    [InlineData(" WEBSOCKET\t")]
    [InlineData("websocket,")]
    public void The_upgrade_is_to_websocket_in_any_case(string value) => Agree(Good with { Upgrade = [value] });

    [Fact]
    public void A_missing_upgrade_header_fails() =>
        Assert.Contains("has no Upgrade header", Fail(HandshakeCheck.Upgrade, Good with { Upgrade = [] }), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("canary")]
    [InlineData("websocket/13")]
    [InlineData("websockets")]
    [InlineData("\"websocket\"")]
    [InlineData("websocket, canary")]
    [InlineData("websocket, websocket")]
    public void An_upgrade_to_anything_but_websocket_fails(string value) =>
        Assert.Contains("is not exactly \"websocket\"", Fail(HandshakeCheck.Upgrade, Good with { Upgrade = [value] }), StringComparison.Ordinal);

    [Fact]
    public void A_second_upgrade_header_fails() => Fail(HandshakeCheck.Upgrade, Good with { Upgrade = ["websocket", "h2c"] });

    [Theory]
    [InlineData("Upgrade")]
    [InlineData("upgrade")]
    [InlineData("keep-alive, UPGRADE")]
    public void The_connection_header_has_the_token_upgrade(string value) => Agree(Good with { Connection = [value] });

    [Fact]
    public void The_connection_token_may_stand_on_any_line() => Agree(Good with { Connection = ["keep-alive", "Upgrade"] });

    [Fact]
    public void A_missing_connection_header_fails() =>
        Assert.Contains("has no Connection header", Fail(HandshakeCheck.Connection, Good with { Connection = [] }), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("keep-alive")]
    [InlineData("canary upgrade")]
    public void A_connection_header_without_the_token_fails(string value) =>
        Assert.Contains("lacks the token", Fail(HandshakeCheck.Connection, Good with { Connection = [value] }), StringComparison.Ordinal);

    [Fact]
    public void White_space_around_the_accept_value_is_ignored() => Agree(Good with { SecWebSocketAccept = [$" \t{Accept} "] });

    [Fact]
    public void A_missing_accept_header_fails() =>
        Assert.Contains("has no Sec-WebSocket-Accept", Fail(HandshakeCheck.Accept, Good with { SecWebSocketAccept = [] }), StringComparison.Ordinal);

    [Fact]
    public void A_second_accept_header_fails_though_it_be_the_same() =>
        Assert.Contains("2 came", Fail(HandshakeCheck.Accept, Good with { SecWebSocketAccept = [Accept, Accept] }), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("canary")]
    [InlineData(Key)]
    [InlineData("s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")]
    [InlineData("S3PPLMBITXAQ9KYGZZHZRBK+XOO=")]
    [InlineData($"{Accept},{Accept}")]
    [KtorParity("untested/the-checks-of-the-handshake")]
    public void Another_accept_value_fails(string value) =>
        Assert.Contains("does not answer our key", Fail(HandshakeCheck.Accept, Good with { SecWebSocketAccept = [value] }), StringComparison.Ordinal);

    [Fact]
    public void A_subprotocol_that_was_not_offered_fails() => Fail(HandshakeCheck.Subprotocol, Good with { SecWebSocketProtocol = ["other"] });

    [Fact]
    public void An_extension_that_was_not_offered_fails() => Fail(HandshakeCheck.Extensions, Good with { SecWebSocketExtensions = ["canary"] });

    public static TheoryData<string, object, string> Overlooked => new()
    {
        { "HTTP/1.0", Good with { HttpVersion = HttpVersion.Version10 }, "Http10" },
        { "another case", Good with { SecWebSocketExtensions = ["Foo"] }, "ExtensionNameCase" },
        { "a semicolon", Good with { SecWebSocketExtensions = ["foo;"] }, "TrailingSemicolon" },
        { "an empty header", Good with { SecWebSocketExtensions = [""] }, "EmptyExtensions" },
        { "all at once", Good with { HttpVersion = HttpVersion.Version10, SecWebSocketExtensions = ["FOO;", ""] }, "Http10, ExtensionNameCase, TrailingSemicolon" },
    };

    [Theory, MemberData(nameof(Overlooked))]
    public void Exactly_the_listed_faults_are_overlooked_leniently_and_refused_with_that_cure_strictly(string fault, object answer, string leniencies)
    {
        _ = fault;
        var response = (HandshakeResponseRules)answer; // internal, so no parameter of a public method
        Assert.False(response.TryAccept(Key, ["chat"], ["foo"], out _, out HandshakeFailure? failure));
        Assert.EndsWith(HandshakeRefusals.LenientAccepts, failure.Message, StringComparison.Ordinal);

        Assert.Equal(leniencies, Agree(response with { Strictness = HandshakeStrictness.Lenient }).Leniencies.ToString());
    }

    public static TheoryData<string, object, HandshakeCheck> NotOverlooked => new()
    {
        { "HTTP/0.9", Good with { HttpVersion = new Version(0, 9) }, HandshakeCheck.HttpVersion },
        { "HTTP/2", Good with { HttpVersion = HttpVersion.Version20 }, HandshakeCheck.HttpVersion },
        { "status", Good with { StatusCode = 200 }, HandshakeCheck.Status },
        { "no Upgrade", Good with { Upgrade = [] }, HandshakeCheck.Upgrade },
        { "no Connection", Good with { Connection = [] }, HandshakeCheck.Connection },
        { "no Accept", Good with { SecWebSocketAccept = [] }, HandshakeCheck.Accept },
        { "another Accept", Good with { SecWebSocketAccept = [Accept.ToUpperInvariant()] }, HandshakeCheck.Accept },
        { "a subprotocol in another case", Good with { SecWebSocketProtocol = ["CHAT"] }, HandshakeCheck.Subprotocol },
        { "two subprotocols", Good with { SecWebSocketProtocol = ["chat", "chat"] }, HandshakeCheck.Subprotocol },
        { "an extension not offered", Good with { SecWebSocketExtensions = ["bar;"] }, HandshakeCheck.Extensions },
        { "another fault beside a listed one", Good with { HttpVersion = HttpVersion.Version10, Upgrade = [] }, HandshakeCheck.Upgrade },
    };

    [Theory, MemberData(nameof(NotOverlooked))]
    public void All_other_faults_are_refused_leniently_too_and_that_cure_is_not_named(string fault, object answer, HandshakeCheck check)
    {
        _ = fault;
        var response = (HandshakeResponseRules)answer;
        Assert.DoesNotContain("Lenient", Fail(check, response with { Strictness = HandshakeStrictness.Lenient }), StringComparison.Ordinal);
        Assert.False(response.TryAccept(Key, ["chat"], ["foo"], out _, out HandshakeFailure? strictly));
        Assert.DoesNotContain("Lenient", strictly.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_proper_answer_is_judged_alike_and_nothing_was_overlooked() => Assert.Equal(HandshakeLeniencies.None, Agree(Good with { Strictness = HandshakeStrictness.Lenient }).Leniencies);

    [Fact]
    public void A_key_that_nobody_could_have_sent_is_an_error_of_the_caller() =>
        Assert.Throws<ArgumentException>("key", () => Good.TryAccept("canary", [], [], out _, out _));
}
