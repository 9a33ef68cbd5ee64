using System.Collections.Immutable;

namespace Duplex.Tests;

public class FieldOwnersTests
{
    [Theory]
    [InlineData("int x;", 2)]
    [InlineData("static int x;", 2)]
    [InlineData("// Too far away.\n\nint x;", 4)]
    [InlineData("int y; // The loop only.\nint x;", 3)]
    [InlineData("// The loop only.\nint y;\n\nint x;", 5)]
    [InlineData("// The loop only.\nint y;\nvoid M() { }\nint x;", 5)]
    [InlineData("readonly int y;\nint x;", 3)]
    public void A_field_without_an_owner_is_found(string members, int line) => Expect.Exactly(Check(members), $"src/Duplex/A.cs:{line}: x has no comment");

    [Theory]
    [InlineData("int x; // The loop only.")]
    [InlineData("// The loop only.\nint x;")]
    [InlineData("/// <summary>The loop only.</summary>\n[Obsolete]\nint x;")]
    [InlineData("// The loop only.\nint y;\nint x;\nint z;")]
    [InlineData("// The loop only.\nint y; // A word on y.\nint x;")]
    [InlineData("// The loop only.\nreadonly int y;\nint x;")]
    [InlineData("readonly int x;\nconst int Y = 1;\nstatic readonly int Z = 1;")]
    public void A_field_with_an_owner_and_what_never_changes_pass(string members) => Expect.None(Check(members));

    private static ImmutableArray<string> Check(string members) =>
        FieldOwners.Violations(SourceModel.Of(("src/Duplex/A.cs", $"namespace Duplex; class A {{\n{members}\n}}")));
}
