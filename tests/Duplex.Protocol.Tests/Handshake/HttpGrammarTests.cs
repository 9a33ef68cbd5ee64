using CsCheck;

namespace Duplex.Tests;

public class HttpGrammarTests
{
    [Fact]
    public void The_characters_of_a_token_are_exactly_those_of_the_RFC()
    {
        for (int c = 0; c <= char.MaxValue; c++)
        {
            bool expected = HeaderGenerators.TokenChars.Contains((char)c, StringComparison.Ordinal);
            Assert.True(expected == HttpGrammar.IsToken([(char)c]), $"U+{c:X4}");
        }
    }

    [Theory]
    [InlineData("permessage-deflate", true)]
    [InlineData("", false)]
    [InlineData("two words", false)]
    [InlineData("a,b", false)]
    [InlineData("a\0", false)]
    public void A_token_is_one_word(string text, bool isToken) => Assert.Equal(isToken, HttpGrammar.IsToken(text));

    [Theory]
    [InlineData("plain \t text, with: \"anything\" \u00E9", false)]
    [InlineData("", false)]
    [InlineData("a\rb", true)]
    [InlineData("a\nX-Injected: 1", true)]
    [InlineData("\0", true)]
    public void Line_breaks_and_NUL_are_found(string value, bool found) => Assert.Equal(found, HttpGrammar.ContainsLineBreakOrNul(value));

    [Theory]
    [InlineData("Upgrade", true)]
    [InlineData("keep-alive, Upgrade", true)]
    [InlineData("UPGRADE\t,close", true)]
    [InlineData(",, ,upgrade,", true)]
    [InlineData("", false)]
    [InlineData("Upgrades", false)]
    [InlineData("Up grade", false)]
    [InlineData("keep-alive; upgrade", false)]
    [InlineData("\"x, upgrade, y\"", false)]
    [InlineData("\"upgrade\"", false)]
    public void A_list_contains_a_token_in_any_case_of_its_letters(string value, bool contains) =>
        Assert.Equal(contains, HttpGrammar.ListContainsToken(value, "Upgrade"));

    [Theory]
    [InlineData("web\u017Focket")] // long s: its upper case is S
    [InlineData("websoc\u212Aet")] // Kelvin sign: its lower case is k
    public void Only_ASCII_letters_have_a_case(string value) => Assert.False(HttpGrammar.ListContainsToken(value, "websocket"));

    [Fact]
    public void A_list_may_run_over_several_lines()
    {
        Assert.True(HttpGrammar.ListContainsToken(["keep-alive", "upgrade"], "Upgrade"));
        Assert.False(HttpGrammar.ListContainsToken(["keep-alive", "close"], "Upgrade"));
        Assert.False(HttpGrammar.ListContainsToken((IReadOnlyList<string>)[], "Upgrade"));
    }

    [Theory]
    [InlineData("\"\"", "")]
    [InlineData("\"plain\"", "plain")]
    [InlineData("\"a, b; c=d\"", "a, b; c=d")]
    [InlineData("\"say \\\"hi\\\"\"", "say \"hi\"")]
    [InlineData("\"back\\\\slash\"", "back\\slash")]
    [InlineData("\"needless \\escape\"", "needless escape")]
    [InlineData("\"tab\there \u00E9\"", "tab\there \u00E9")]
    [InlineData("\"\\\t\"", "\t")]
    public void A_quoted_string_stands_for_its_unescaped_text(string text, string expected)
    {
        Assert.True(HttpGrammar.TryUnquote(text, out string? value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("plain", 0)]
    [InlineData("\"", 1)]
    [InlineData("\"open", 5)]
    [InlineData("\"open\\", 6)]
    [InlineData("\"open\\\"", 7)]
    [InlineData("\"a\0b\"", 2)]
    [InlineData("\"a\nb\"", 2)]
    [InlineData("\"a\\\nb\"", 3)]
    [InlineData("\"a\x7F\"", 2)]
    public void A_malformed_quoted_string_is_refused_where_it_goes_wrong(string text, int legal)
    {
        Assert.False(HttpGrammar.TryReadQuotedString(text, out int length, out string? value));
        Assert.Equal(legal, length);
        Assert.Null(value);
        Assert.False(HttpGrammar.TryUnquote(text, out _));
    }

    [Fact]
    public void Text_after_the_closing_quote_is_left_alone_when_reading_and_refused_when_unquoting()
    {
        Assert.True(HttpGrammar.TryReadQuotedString("\"a\\\"b\"; c", out int length, out string? value));
        Assert.Equal(6, length);
        Assert.Equal("a\"b", value);
        Assert.False(HttpGrammar.TryUnquote("\"a\"b", out value));
        Assert.Null(value);
    }

    [Fact]
    public void Quoting_then_unquoting_gives_the_same_text() =>
        Gen.Select(Gen.String[Gen.Char["ab,; \t\"\\\u00E9~"], 0, 30], Gen.Bool).Sample((text, escapeAll) =>
        {
            string quoted = "\"" + string.Concat(text.Select(c => escapeAll || c is '"' or '\\' ? $"\\{c}" : $"{c}")) + "\"";
            return HttpGrammar.TryUnquote(quoted, out string? value) && value == text;
        });

    [Fact]
    public void Any_text_is_judged_without_an_exception() =>
        HeaderGenerators.AnyText.Sample(text =>
        {
            bool read = HttpGrammar.TryReadQuotedString(text, out int length, out string? value);
            return read == (value is not null) && length >= 0 && length <= text.Length;
        });
}
