using CsCheck;

namespace Duplex.Tests;

public class EscapedTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("no such topic", "no such topic")]
    [InlineData("größer als 5 €, 日本, 😀", "größer als 5 €, 日本, 😀")]
    [InlineData("\"quoted\" \\ back", "\\\"quoted\\\" \\\\ back")]
    [InlineData("one\r\ntwo\t\0\u007f\u0085", "one\\u000D\\u000Atwo\\u0009\\u0000\\u007F\\u0085")]
    [InlineData("\u2028\u2029 \u202Etxt.exe \u200B\uFEFF", "\\u2028\\u2029 \\u202Etxt.exe \\u200B\\uFEFF")]
    [InlineData("\U000E0041", "\\U000E0041")] // a tag, which nobody sees
    public void What_moves_or_hides_other_characters_is_escaped(string text, string expected) => Assert.Equal(expected, EscapedText.Of(text));

    [Fact]
    public void The_longest_text_of_a_Close_frame_is_shown_whole()
    {
        string longest = new('x', CloseReason.MaxMessageBytes);

        Assert.Equal(longest, EscapedText.Of(longest));
    }

    [Fact]
    public void Escaping_makes_no_text_longer_and_cuts_no_character_in_two()
    {
        Assert.Equal(string.Concat(Enumerable.Repeat("\\u0000", 20)) + "…", EscapedText.Of(new string('\0', 123)));
        Assert.Equal(new string('x', 122) + "…", EscapedText.Of(new string('x', 122) + "😀"));
    }

    [Fact]
    public void Whatever_a_text_holds_it_stays_on_one_line_within_its_quotes() => Gen.Char.Array[0, 200].Select(chars => new string(chars)).Sample(text =>
    {
        string escaped = EscapedText.Of(text);

        Assert.True(escaped.Length <= CloseReason.MaxMessageBytes + 1);
        Assert.DoesNotContain(escaped, char.IsControl);
        Assert.DoesNotContain('"', escaped.Replace("\\\\", "", StringComparison.Ordinal).Replace("\\\"", "", StringComparison.Ordinal));
    });
}
