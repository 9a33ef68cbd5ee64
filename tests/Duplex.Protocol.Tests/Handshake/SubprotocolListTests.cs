using CsCheck;

namespace Duplex.Tests;

public class SubprotocolListTests
{
    private static IReadOnlyList<string> Parse(params string[] lines)
    {
        Assert.True(SubprotocolList.TryParse(lines, out IReadOnlyList<string>? names, out string? error), error);
        Assert.Null(error);
        return names;
    }

    private static string ErrorOf(params string[] lines)
    {
        Assert.False(SubprotocolList.TryParse(lines, out IReadOnlyList<string>? names, out string? error));
        Assert.Null(names);
        return error;
    }

    [Theory]
    [InlineData("graphql-transport-ws", true)]
    [InlineData("v12.stomp", true)]
    [InlineData("x", true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("two words", false)]
    [InlineData("a,b", false)]
    [InlineData("a/b", false)]
    [InlineData("\"quoted\"", false)]
    [InlineData("caf\u00E9", false)]
    [InlineData("a\r\nX: y", false)]
    public void A_name_is_a_token(string? name, bool valid) => Assert.Equal(valid, SubprotocolList.IsValidName(name));

    [Fact]
    public void Names_keep_their_order() => Assert.Equal(["superchat", "chat"], Parse("superchat, chat"));

    [Fact]
    public void Several_lines_are_one_list() => Assert.Equal(["a", "b", "c"], Parse("a,b", "c"));

    [Fact]
    public void Empty_elements_are_passed_over() => Assert.Equal(["a", "b"], Parse(", a,,b ,", " "));

    [Fact]
    public void Names_that_differ_in_case_only_are_different() => Assert.Equal(["chat", "Chat"], Parse("chat, Chat"));

    [Fact]
    public void Without_a_header_the_list_is_empty() => Assert.Empty(Parse());

    [Theory]
    [InlineData("")]
    [InlineData(" , ,")]
    public void A_header_that_names_nothing_is_malformed(string value)
    {
        Assert.Equal("Expected at least one subprotocol name; the header is empty.", ErrorOf(value));
        Assert.False(SubprotocolList.TryParse(value, out _, out _));
    }

    [Fact]
    public void A_name_twice_is_refused_where_it_stands_again() =>
        Assert.Equal("Line 1, character 10: expected a name that the list does not have yet.", ErrorOf("chat, x, chat"));

    [Fact]
    public void A_name_twice_is_refused_over_lines_too() =>
        Assert.Equal("Line 2, character 4: expected a name that the list does not have yet.", ErrorOf("chat", "x, chat"));

    [Theory]
    [InlineData("ok, canary word", 5)]
    [InlineData("canary\0", 1)]
    [InlineData("\"canary\"", 1)]
    [InlineData("canary;q=1", 1)]
    public void A_name_that_is_no_token_is_refused_without_repeating_it(string value, int character)
    {
        string error = ErrorOf(value);
        Assert.StartsWith($"Line 1, character {character}: expected a subprotocol name", error, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error, StringComparison.Ordinal);
    }

    [Fact]
    public void At_most_256_names_are_taken()
    {
        Assert.Equal(256, Parse(string.Join(',', Enumerable.Range(0, 256))).Count);
        Assert.EndsWith("expected at most 256 names.", ErrorOf(string.Join(',', Enumerable.Range(0, 257))), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_are_written_in_order() => Assert.Equal("superchat, chat", SubprotocolList.Format(["superchat", "chat"]));

    [Fact]
    public void A_list_that_would_be_illegal_is_not_written()
    {
        Assert.Throws<ArgumentException>("names", () => SubprotocolList.Format([]));
        Assert.Throws<ArgumentException>("names", () => SubprotocolList.Format(["a", "a"]));
        Assert.Throws<ArgumentException>("names", () => SubprotocolList.Format([""]));
        ArgumentException error = Assert.Throws<ArgumentException>("names", () => SubprotocolList.Format(["ok", "canary\r\nX: y"]));
        Assert.StartsWith("Subprotocol 2 of 2: expected a subprotocol name", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Formatting_then_parsing_gives_the_same_list() =>
        HeaderGenerators.Token.Array[1, 20].Select(names => names.Distinct().ToArray()).Sample(names =>
            SubprotocolList.TryParse(SubprotocolList.Format(names), out IReadOnlyList<string>? parsed, out _) && parsed.SequenceEqual(names));

    [Fact]
    public void Any_text_parses_or_yields_an_error_and_what_parses_is_legal() =>
        HeaderGenerators.AnyText.Array[0, 3].Sample(lines =>
        {
            bool parsed = SubprotocolList.TryParse(lines, out IReadOnlyList<string>? names, out string? error);
            return parsed
                ? error is null && (names!.Count == 0 ? lines.Length == 0 : SubprotocolList.Format(names).Length > 0)
                : names is null && !string.IsNullOrEmpty(error);
        });
}
