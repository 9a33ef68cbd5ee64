using CsCheck;

namespace Duplex.Tests;

public class WebSocketExtensionHeaderParserTests
{
    private static IEnumerable<string> Parse(params string[] lines)
    {
        Assert.True(WebSocketExtensionHeader.TryParseList(lines, out IReadOnlyList<WebSocketExtensionHeader>? headers, out string? error), error);
        Assert.Null(error);
        return headers.Select(h => h.ToString());
    }

    private static string ErrorOf(params string[] lines)
    {
        Assert.False(WebSocketExtensionHeader.TryParseList(lines, out IReadOnlyList<WebSocketExtensionHeader>? headers, out string? error));
        Assert.Null(headers);
        return error;
    }

    [Fact]
    public void Two_lines_are_exactly_equivalent_to_one() // RFC 6455 §9.1
    {
        Assert.Equal(["foo", "bar; baz=2"], Parse("foo", "bar; baz=2"));
        Assert.Equal(["foo", "bar; baz=2"], Parse("foo, bar; baz=2"));
    }

    [Theory]
    [InlineData("deflate-stream", "deflate-stream")] // RFC 6455 §9.1
    [InlineData("mux; max-channels=4; flow-control, deflate-stream", "mux; max-channels=4; flow-control|deflate-stream")]
    [InlineData("private-extension", "private-extension")]
    [InlineData("superspeed, colormode; depth=16", "superspeed|colormode; depth=16")] // Ktor
    [InlineData( // RFC 7692 §7.1.3
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10|permessage-deflate; client_max_window_bits")]
    public void Well_known_headers_are_read(string value, string expected) => Assert.Equal(expected.Split('|'), Parse(value));

    [Fact]
    public void Names_and_values_come_apart()
    {
        WebSocketExtensionHeader header = Assert.Single(WebSocketExtensionHeader.ParseList("x; a=1; b; a=2"));
        Assert.Equal("x", header.Name);
        Assert.Equal([new("a", "1"), new("b"), new("a", "2")], header.Parameters);
    }

    [Theory]
    [InlineData("x;a", "x; a")]
    [InlineData(" x ; a = 1 ;\tb ", "x; a=1; b")]
    [InlineData("x;a= \"1\" ;b", "x; a=1; b")]
    public void White_space_may_stand_around_every_separator(string value, string expected) => Assert.Equal([expected], Parse(value));

    [Theory]
    [InlineData("x; a=\"10\"", "x; a=10")]
    [InlineData("x; a=\"\\1\\0\"", "x; a=10")]
    [InlineData("x; a=\"b\";c=\"d\"", "x; a=b; c=d")]
    [KtorParity("extensions/parseWebSocketExtensions-value")]
    public void A_quoted_value_is_the_same_as_the_bare_token(string value, string expected) => Assert.Equal([expected], Parse(value));

    [Theory]
    [InlineData("x; a=\"1,2\"")]
    [InlineData("x; a=\"1;2\"")]
    [InlineData("x; a=\"1=2\"")]
    [InlineData("x; a=\"two words\"")]
    [InlineData("x; a=\"say \\\"hi\\\"\"")]
    [InlineData("x; a=\"\"")]
    [InlineData("x; a=\"\u00E9\"")]
    [InlineData("x; a=\"1,2\", y")]
    public void A_quoted_value_that_is_no_token_is_refused(string value) =>
        Assert.Equal("Line 1, character 6: expected a quoted-string whose value is a token.", ErrorOf(value));

    [Theory]
    [InlineData(",x,,y ,", "x|y")]
    [InlineData(" , x; a=1, ,", "x; a=1")]
    public void Empty_elements_are_passed_over(string value, string expected) => Assert.Equal(expected.Split('|'), Parse(value));

    [Fact]
    public void An_empty_line_beside_another_is_an_empty_element() => Assert.Equal(["x"], Parse("", "x", " "));

    [Fact]
    public void Without_a_header_there_are_no_extensions() => Assert.Empty(Parse());

    [Theory]
    [InlineData("")]
    [InlineData(" ,, ")]
    public void A_header_that_names_nothing_is_malformed(string value)
    {
        Assert.Equal("Expected at least one extension; the header is empty.", ErrorOf(value));
        Assert.False(WebSocketExtensionHeader.TryParseList(value, out _, out _));
    }

    [Theory]
    [InlineData("; canary", 1, "the name of an extension, a token")]
    [InlineData("=canary", 1, "the name of an extension, a token")]
    [InlineData("\"canary\"", 1, "the name of an extension, a token")]
    [InlineData("\0canary", 1, "the name of an extension, a token")]
    [InlineData("canary word", 8, "a semicolon, a comma or the end")]
    [InlineData("canary=1", 7, "a semicolon, a comma or the end")]
    [InlineData("canary\n; a", 7, "a semicolon, a comma or the end")]
    [InlineData("canary\u00E9", 7, "a semicolon, a comma or the end")]
    [InlineData("ok, canary/1", 11, "a semicolon, a comma or the end")]
    [InlineData("canary;", 8, "the name of a parameter, a token")]
    [InlineData("canary;, x", 8, "the name of a parameter, a token")]
    [InlineData("canary;;a", 8, "the name of a parameter, a token")]
    [InlineData("canary; =1", 9, "the name of a parameter, a token")]
    [InlineData("canary; \"a\"", 9, "the name of a parameter, a token")]
    [InlineData("x; canary b", 11, "a semicolon, a comma or the end")]
    [InlineData("x; canary=", 11, "the value of a parameter, a token or a quoted-string")]
    [InlineData("x; canary=, y", 11, "the value of a parameter, a token or a quoted-string")]
    [InlineData("x; canary=;b", 11, "the value of a parameter, a token or a quoted-string")]
    [InlineData("x; canary==1", 11, "the value of a parameter, a token or a quoted-string")]
    [InlineData("x; canary=1=2", 12, "a semicolon, a comma or the end")]
    [InlineData("x; a=canary\"b\"", 12, "a semicolon, a comma or the end")]
    [InlineData("x; a=\"canary\"b", 14, "a semicolon, a comma or the end")]
    [InlineData("x; a=\"canary", 13, "the closing quote of a quoted-string")]
    [InlineData("x; a=\"canary, y", 16, "the closing quote of a quoted-string")]
    [InlineData("x; a=\"canary\\", 14, "the closing quote of a quoted-string")]
    [InlineData("x; a=\"canary\\\"", 15, "the closing quote of a quoted-string")]
    [InlineData("x; a=\"canary\r\n\"", 13, "a character that a quoted-string may hold")]
    [InlineData("x; a=\"canary\\\0\"", 14, "a character that a quoted-string may hold")]
    public void A_malformed_header_is_refused_with_the_place_and_the_expectation_only(string value, int character, string expectation) =>
        Assert.Equal($"Line 1, character {character}: expected {expectation}.", ErrorOf(value));

    [Fact]
    public void The_line_is_counted() => Assert.StartsWith("Line 3, character 2: ", ErrorOf("x", "", "y=z"), StringComparison.Ordinal);

    [Fact]
    public void Extensions_and_parameters_together_are_limited_over_all_lines()
    {
        string[] lines = [.. Enumerable.Repeat("x; a; b=1; c", 64)];
        Assert.Equal(64, Parse(lines).Count());
        Assert.EndsWith(": expected at most 256 extensions and parameters.", ErrorOf([.. lines, "y"]), StringComparison.Ordinal);
        Assert.EndsWith(": expected at most 256 extensions and parameters.", ErrorOf([.. lines[1..], "x; a; b; c; d"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_flood_of_parameters_costs_no_more_memory_than_the_limit_allows()
    {
        string flood = "x" + string.Concat(Enumerable.Repeat(";a", 500_000));
        ErrorOf("x; 1=");
        long before = GC.GetAllocatedBytesForCurrentThread();
        ErrorOf(flood);

        // 256 parameters of some 60 bytes, and the list that doubles: far below 64 KiB, while the flood holds a megabyte of characters.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 64 << 10);
    }

    [Theory]
    [InlineData(",")]
    [InlineData("\"")]
    [InlineData("\"\\")]
    [InlineData("\\\"")]
    [InlineData(" ")]
    public void Long_hostile_headers_are_refused_in_one_pass(string unit)
    {
        // A pass for each character would take minutes.
        ErrorOf(string.Concat(Enumerable.Repeat(unit, 1_000_000)));
        ErrorOf("x; a=\"" + string.Concat(Enumerable.Repeat(unit, 1_000_000)));
    }

    [Fact]
    public void The_parameters_of_one_extension_do_not_reach_the_next()
    {
        var parser = new WebSocketExtensionHeaderParser();
        Assert.True(parser.TryRead("x; a; b", out string? name, out _, out _));
        Assert.Equal("x", name);
        Assert.Equal([new("a"), new("b")], parser.Parameters);
        Assert.True(parser.TryRead("y; c", out name, out _, out _));
        Assert.Equal("y", name);
        Assert.Equal([new("c")], parser.Parameters);
    }

    [Fact]
    public void Any_text_parses_or_yields_an_error_and_what_parses_is_legal() =>
        HeaderGenerators.AnyText.Array[0, 3].Sample(lines =>
        {
            if (!WebSocketExtensionHeader.TryParseList(lines, out IReadOnlyList<WebSocketExtensionHeader>? headers, out string? error))
                return headers is null && !string.IsNullOrEmpty(error);
            if (headers.Count == 0) return lines.Length == 0;
            string value = WebSocketExtensionHeader.FormatList(headers);
            return error is null && Parse(value).SequenceEqual(headers.Select(h => h.ToString()));
        });

    [Fact]
    public void A_well_formed_header_with_one_character_changed_parses_or_yields_an_error() =>
        Gen.Select(HeaderGenerators.Extension.Array[1, 4], Gen.Int[0, 1000], Gen.Char["a,;=\"\\ \0"]).Sample((headers, at, replacement) =>
        {
            char[] value = WebSocketExtensionHeader.FormatList(headers).ToCharArray();
            value[at % value.Length] = replacement;
            return WebSocketExtensionHeader.TryParseList(new string(value), out _, out string? error) == (error is null);
        });
}
