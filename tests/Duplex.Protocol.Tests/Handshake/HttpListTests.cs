using CsCheck;

namespace Duplex.Tests;

public class HttpListTests
{
    private static readonly Gen<string> Quoted =
        Gen.String[Gen.Char["ab,;= \\\""], 0, 8].Select(text => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"");

    private static readonly Gen<string> Separator = Gen.Int[0, 4].Select(i => new[] { ",", ", ", "\t,", ",,", " , ,  " }[i]);

    private static List<(int Position, string Element)> Walk(string value)
    {
        var elements = new List<(int, string)>();
        HttpList list = HttpGrammar.List(value);
        while (list.MoveNext()) elements.Add((list.Position, list.Current.ToString()));
        Assert.False(list.MoveNext());
        Assert.True(list.Current.IsEmpty);
        return elements;
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a,b", "a|b")]
    [InlineData(" a\t,  b c ,d", "a|b c|d")]
    [InlineData("a; x=\"1,2\", b", "a; x=\"1,2\"|b")]
    [InlineData("\"\\\",\",b", "\"\\\",\"|b")]
    [InlineData("\"\\\\\",b", "\"\\\\\"|b")]
    [InlineData("a\\,b", "a\\|b")]
    [InlineData("a, \"never, closed", "a|\"never, closed")]
    [InlineData("\"ends in \\", "\"ends in \\")]
    public void Commas_part_elements_except_inside_quotes(string value, string elements) =>
        Assert.Equal(elements.Split('|'), Walk(value).Select(e => e.Element));

    [Theory]
    [InlineData("")]
    [InlineData(" \t ")]
    [InlineData(",")]
    [InlineData(" , ,\t,,")]
    public void Empty_elements_do_not_count(string value) => Assert.Empty(Walk(value));

    [Theory]
    [InlineData(",a,,b, ,")]
    [InlineData("a ,\t, b")]
    public void Empty_elements_between_others_are_passed_over(string value) => Assert.Equal(["a", "b"], Walk(value).Select(e => e.Element));

    [Fact]
    public void Each_element_tells_where_it_begins() => Assert.Equal([(2, "a"), (6, "b c")], Walk("  a , b c "));

    [Fact]
    public void What_was_joined_with_commas_and_white_space_comes_apart_again() =>
        Gen.Select(Gen.OneOf(HeaderGenerators.Token, Quoted).List[0, 10], Separator).Sample((elements, separator) =>
        {
            string value = separator + string.Join(separator, elements) + separator;
            List<(int Position, string Element)> walked = Walk(value);
            return walked.Select(e => e.Element).SequenceEqual(elements)
                && walked.All(e => value.AsSpan(e.Position).StartsWith(e.Element, StringComparison.Ordinal));
        });

    [Fact]
    public void Any_text_is_walked_to_its_end() =>
        HeaderGenerators.AnyText.Sample(text => Walk(text).All(e => e.Element.Length > 0 && e.Position + e.Element.Length <= text.Length));

    [Fact]
    public void Walking_allocates_nothing()
    {
        HttpGrammar.ListContainsToken("keep-alive, \"a, b\", upgrade", "Upgrade");
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) HttpGrammar.ListContainsToken("keep-alive, \"a, b\", upgrade", "Upgrade");
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
