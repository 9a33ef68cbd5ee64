using System.Collections.Immutable;

namespace Duplex.Tests;

public class PlainWordsTests
{
    private const string Source = "src/Duplex/A.cs";
    private const string Document = "docs/a.md";

    [Theory]
    [InlineData("whoever")]
    [InlineData("whom")]
    [InlineData("who has")]
    [InlineData("is owed")]
    [InlineData("nobody")]
    [InlineData("shall")]
    [InlineData("has its due")]
    [InlineData("is told")]
    [InlineData("are told")]
    [InlineData("was not told")]
    [InlineData("in vain")]
    [InlineData("to be had")]
    [InlineData("goes its way")]
    [InlineData("gone their way")]
    [InlineData("come to be")]
    [InlineData("for ever")]
    [InlineData("somebody")]
    [InlineData("anybody")]
    public void A_listed_word_is_found(string word)
    {
        Expect.Exactly(Check(Source, $"class A; // it {word} here"), $"{Source}:1: \"{word}\" is not plain");
        Expect.Exactly(Check(Document, $"It {word} here."), $"{Document}:1: \"{word}\" is not plain");
    }

    [Theory]
    [InlineData(Source, "class A;\n/// <summary>\n/// Nobody.\n/// </summary>", 3, "Nobody")]
    [InlineData(Source, "class A;\n    // it is\n    // told late", 2, "is told")]
    [InlineData(Source, "// \"quoted\" and shall\nclass A;", 1, "shall")]
    [InlineData(Source, "// \"over two\n// lines\" and\n// then shall", 3, "shall")]
    [InlineData(Source, "throw new(\"Nobody reads.\");", 1, "Nobody")]
    [InlineData(Document, "# A\n\nWaits for\never.", 3, "for ever")]
    [InlineData(Document, "| a |\n|---|\n| \"one quote mark and nobody |", 3, "nobody")]
    public void It_is_found_in_any_case_and_over_line_ends(string path, string text, int line, string word) =>
        Expect.Exactly(Check(path, text), $"{path}:{line}: \"{word}\" is not plain");

    [Theory]
    [InlineData(Source, "// RFC 6455: \"it shall be so\"")]
    [InlineData(Source, "// RFC 6455: \"it\n// shall be so\"")]
    [InlineData(Source, "class Marshaller; // forever, shallow, wholesome")]
    [InlineData(Source, "class A { void Nobody_reads() { } }")]
    [InlineData(Document, "RFC 6455: \"it\nshall be so\".")]
    [InlineData(Document, "| \"it shall be so\" |")]
    [InlineData(Document, "Waits for\n\never.")]
    public void Quotations_and_other_words_pass(string path, string text) => Expect.None(Check(path, text));

    [Fact]
    public void A_line_of_more_than_120_columns_is_found() => Expect.Exactly(
        PlainWords.LongLines([new SourceFile(Source, $"// {new string('a', 117)}\r\n// {new string('a', 118)}\r\n")]),
        $"{Source}:2: has 121 columns");

    private static ImmutableArray<string> Check(string path, string text) =>
        PlainWords.Violations([new SourceFile(path, text)]);
}
