using CsCheck;

namespace Duplex.Tests;

public class WebSocketExtensionHeaderTests
{
    [Fact]
    [KtorParity("extensions/WebSocketExtensionHeader-name-parameters")]
    public void An_extension_without_parameters_is_its_name() => Assert.Equal("deflate-stream", new WebSocketExtensionHeader("deflate-stream").ToString());

    [Fact]
    [KtorParity("extensions/WebSocketExtensionHeader-name-parameters")]
    public void Parameters_follow_in_order() =>
        Assert.Equal("mux; max-channels=4; flow-control", new WebSocketExtensionHeader("mux", new("max-channels", "4"), new("flow-control")).ToString());

    [Fact]
    public void Several_extensions_are_parted_by_commas()
    {
        WebSocketExtensionHeader[] headers = [new("mux", new WebSocketExtensionParameter("max-channels", "4")), new("deflate-stream")];
        Assert.Equal("mux; max-channels=4, deflate-stream", WebSocketExtensionHeader.FormatList(headers));
        Assert.Equal("", WebSocketExtensionHeader.FormatList([]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("can ary")]
    [InlineData("canary\r\nX: y")]
    public void A_name_that_is_no_token_is_refused_without_repeating_it(string name)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(nameof(name), () => new WebSocketExtensionHeader(name));
        Assert.DoesNotContain("canary", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("canary;", null)]
    [InlineData("", "1")]
    [InlineData("ok", "")]
    [InlineData("ok", "can ary")]
    [InlineData("ok", "canary\n")]
    [InlineData("ok", "\"canary\"")]
    public void A_parameter_that_is_not_made_of_tokens_is_refused_without_repeating_it(string name, string? value)
    {
        ArgumentException error = Assert.Throws<ArgumentException>("parameters", () => new WebSocketExtensionHeader("x", new("fine"), new(name, value)));
        Assert.StartsWith("Parameter 2: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parameter_that_was_never_given_a_name_is_refused() =>
        Assert.Throws<ArgumentException>("parameters", () => new WebSocketExtensionHeader("x", default(WebSocketExtensionParameter)));

    [Fact]
    public void Later_changes_to_the_given_list_do_not_show()
    {
        var parameters = new List<WebSocketExtensionParameter> { new("a") };
        var header = new WebSocketExtensionHeader("x", parameters);
        parameters.Add(new("b"));
        Assert.Equal("x; a", header.ToString());
    }

    [Fact]
    [KtorParity("extensions/parseWebSocketExtensions-value")]
    [KtorParity("test-protocol/WebSocketExtensionHeaderTest.testParseExtensions")]
    public void Parsing_a_list_gives_its_extensions() =>
        Assert.Equal(["a; b=1", "c"], WebSocketExtensionHeader.ParseList("a;b=1 , c").Select(h => h.ToString()));

    [Fact]
    public void Parsing_a_malformed_list_throws_with_the_place_and_without_the_value()
    {
        FormatException error = Assert.Throws<FormatException>(() => WebSocketExtensionHeader.ParseList("canary; ="));
        Assert.Equal("Line 1, character 9: expected the name of a parameter, a token.", error.Message);
    }

    [Fact]
    public void Formatting_then_parsing_gives_the_same_extensions() =>
        HeaderGenerators.Extension.Array[1, 8].Sample(headers =>
        {
            string value = WebSocketExtensionHeader.FormatList(headers);
            return WebSocketExtensionHeader.TryParseList(value, out IReadOnlyList<WebSocketExtensionHeader>? parsed, out _) && Same(headers, parsed);
        });

    [Fact]
    public void Extensions_split_over_lines_are_the_same_as_on_one_line() =>
        HeaderGenerators.Extension.Array[1, 8].Sample(headers =>
            WebSocketExtensionHeader.TryParseList(headers.Select(h => h.ToString()), out IReadOnlyList<WebSocketExtensionHeader>? parsed, out _)
            && Same(headers, parsed));

    private static bool Same(WebSocketExtensionHeader[] expected, IReadOnlyList<WebSocketExtensionHeader> actual) =>
        expected.Length == actual.Count
        && expected.Zip(actual).All(pair => pair.First.Name == pair.Second.Name && pair.First.Parameters.SequenceEqual(pair.Second.Parameters));
}
