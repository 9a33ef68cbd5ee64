using System.Collections.Immutable;

namespace Duplex.Tests;

public class ParityTests
{
    private const string Differences = "| Ktor | Duplex | why |\n|---|---|---|\n| <a id=\"one\"></a>old | new | better |\n";

    [Theory]
    [InlineData("| h/proved | a | b | |")]
    [InlineData("| h/proved | a | b | one |")]
    [InlineData("| h/proved | a | b | |\n| h/different | c | d | one |")]
    public void A_row_with_a_proof_or_a_difference_is_right(string rows) => Expect.None(Check(rows, "[Fact, KtorParity(\"h/proved\")]"));

    [Theory]
    [InlineData("| h/proved | a | b | |\n| h/open | c | d | |", "h/open: has neither a proof nor a difference.")]
    [InlineData("| h/proved | a | b | two |", "h/proved: differences-from-ktor.md has no line two.")]
    [InlineData("| h/proved | a |  | |", "h/proved: has an empty cell.")]
    [InlineData("| h/proved | a | b | |\n| h/proved | c | d | |", "h/proved: is the key of two rows.")]
    [InlineData("| h/other | a | b | one |", "Duplex/ATests.Proof: there is no row h/proved.")]
    public void A_row_without_either_and_a_key_without_a_row_are_found(string rows, string violation) =>
        Expect.Exactly(Check(rows, "[Fact, KtorParity(\"h/proved\")]"), violation);

    [Theory]
    [InlineData("[Fact(Skip = \"\")][KtorParity(\"h/proved\")]", "Duplex/ATests.Proof: names h/proved but does not run.")]
    [InlineData("[Theory(Explicit = true)][KtorParity(\"h/proved\")]", "Duplex/ATests.Proof: names h/proved but does not run.")]
    [InlineData("[KtorParity(\"h/proved\")]", "Duplex/ATests.Proof: names h/proved but does not run.")]
    [InlineData("[Fact][KtorParity(Key)]", "Duplex/ATests.Proof: names a key that is not a string literal.")]
    [InlineData("[Fact][KtorParity(\"h/proved\", \"h/proved\")]", "Duplex/ATests.Proof: names h/proved twice.")]
    public void A_proof_that_proves_nothing_is_found(string attributes, string violation) =>
        Expect.Exactly(Check("| h/proved | a | b | one |", attributes), violation);

    [Fact]
    public void A_line_that_is_no_row_is_refused() => Assert.Throws<FormatException>(() => Check("| h/proved | a | b |", ""));

    [Fact]
    public void The_page_has_the_tests_in_order_and_then_the_differences()
    {
        const string Rows = "About.\n\n## H\n\n| key | Ktor | ours | differences |\n|---|---|---|---|\n| k | `a` | b | one |\n";
        ImmutableArray<ParityProof> proofs = Parity.Proofs(
        [
            new SourceFile("tests/Duplex.Tests/ATests.cs", "class ATests { [Fact][KtorParity(\"k\")] public void Second() { } [Fact][KtorParity(\"k\")] public void First() { } }"),
            new SourceFile("tests/Duplex.Protocol.Tests/Deep/BTests.cs", "class BTests { [Theory, InlineData(1)][KtorParity(\"k\")] public void Third(int x) { } }"),
        ]);

        Assert.Equal(
            "# P\n\n## H\n\n| Ktor | ours | proof |\n|---|---|---|\n| `a` | b | `Duplex/ATests.First`, `Duplex/ATests.Second`, `Protocol/BTests.Third`, [difference](differences-from-ktor.md#one) |\n",
            Parity.Page("# P", Parity.Tables(Rows), proofs));
    }

    [Fact]
    public void A_difference_without_an_anchor_and_an_anchor_twice_are_found()
    {
        Expect.None(Parity.Unlinkable(Differences));
        Expect.Exactly(Parity.Unlinkable(Differences + "| old | new | better |\n"), "| old");
        Expect.Exactly(Parity.Unlinkable(Differences + "| <a id=\"one\"></a>old | new | better |\n"), "one: names two lines.");
    }

    private static ImmutableArray<string> Check(string rows, string attributes) => Parity.Violations(
        Parity.Tables($"## H\n\n| key | Ktor | Duplex | differences |\n|---|---|---|---|\n{rows}\n"),
        Parity.Proofs([new SourceFile("tests/Duplex.Tests/ATests.cs", $"class ATests {{ {attributes} public void Proof() {{ }} }}")]),
        Differences);
}
