using System.Collections.Immutable;

namespace Duplex.Tests;

public class ParityTests
{
    private const string Differences = "| Ktor | Duplex | why |\n|---|---|---|\n| <a id=\"one\"></a>old | new | better |\n";

    [Theory]
    [InlineData("| a | b | `Duplex/ATests.Proof` |")]
    [InlineData("| a | b | `Protocol/BTests.Theory_of_it`, `Duplex/ATests.Proof` |")]
    [InlineData("| a | [other](differences-from-ktor.md#one) | `Duplex/ATests.Proof` |")]
    [InlineData("| a | b | [other](differences-from-ktor.md#one) |")]
    [InlineData("| Ktor | Duplex | proof |\n|---|---|---|")]
    public void A_row_that_names_what_exists_is_right(string row) => Expect.None(Check(row));

    [Theory]
    [InlineData("| a | b | `Duplex/ATests.Missing` |", "H: a: there is no test Duplex/ATests.Missing.")]
    [InlineData("| a | b | `Duplex/ATests.Helper` |", "H: a: there is no test Duplex/ATests.Helper.")]
    [InlineData("| a | b | `Duplex/ATests.Skipped` |", "H: a: there is no test Duplex/ATests.Skipped.")]
    [InlineData("| a | b | `Protocol/ATests.Proof` |", "H: a: there is no test Protocol/ATests.Proof.")]
    [InlineData("| a | b | `Duplex/ATests.Proof`, [x](differences-from-ktor.md#two) |", "H: a: differences-from-ktor.md has no line two.")]
    [InlineData("| a | b | it works |", "H: a: names neither")]
    [InlineData("| a |  | `Duplex/ATests.Proof` |", "H: a: has an empty cell.")]
    public void A_row_that_does_not_is_found(string row, string violation) => Expect.Exactly(Check(row), violation);

    [Fact]
    public void A_row_whose_time_is_to_come_needs_no_proof_but_names_none_that_is_missing()
    {
        Expect.None(Check("| a | b | not yet |", Parity.Later + "x"));
        Expect.Exactly(Check("| a | b | `Duplex/ATests.Missing` |", Parity.Later + "x"), "Later: x: a: there is no test");
    }

    [Fact]
    public void A_difference_without_an_anchor_and_an_anchor_twice_are_found()
    {
        Expect.None(Parity.Unlinkable(Differences));
        Expect.Exactly(Parity.Unlinkable(Differences + "| old | new | better |\n"), "| old");
        Expect.Exactly(Parity.Unlinkable(Differences + "| <a id=\"one\"></a>old | new | better |\n"), "one: names two lines.");
    }

    private static ImmutableArray<string> Check(string row, string heading = "## H") => Parity.Violations(
        $"{heading}\n\n{row}\n",
        Differences,
        [
            new SourceFile("tests/Duplex.Tests/ATests.cs", "class ATests { [Fact] public void Proof() { } [Fact(Skip = \"\")] public void Skipped() { } public void Helper() { } }"),
            new SourceFile("tests/Duplex.Protocol.Tests/Deep/BTests.cs", "class BTests { [Theory, InlineData(1)] public void Theory_of_it(int x) { } }"),
        ]);
}
