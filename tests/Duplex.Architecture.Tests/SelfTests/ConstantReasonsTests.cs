using System.Collections.Immutable;

namespace Duplex.Tests;

public class ConstantReasonsTests
{
    [Theory]
    [InlineData("const int X = 1;")]
    [InlineData("private static readonly long X = 1;")]
    [InlineData("const byte X = 0x80;")]
    [InlineData("static readonly TimeSpan X = TimeSpan.FromSeconds(1);")]
    [InlineData("const double X = 0.5;")]
    [InlineData("static readonly nuint X = 1;")]
    [InlineData("int M() { const int X = 1; return X; }")]
    [InlineData("// A reason too far away.\n\nconst int X = 1;")]
    [InlineData("const int Y = 1; // The reason of Y.\nconst int X = 1;", 3)]
    public void A_number_without_a_reason_is_found(string member, int line = 0) => Expect.Exactly(
        Check(member), $"src/Duplex/A.cs:{(line > 0 ? line : 2 + member.Count(c => c == '\n'))}: X has no comment that gives its reason");

    [Theory]
    [InlineData("const int X = 1; // The reason.")]
    [InlineData("// The reason.\nconst int X = 1;")]
    [InlineData("/// <summary>The reason.</summary>\nconst int X = 1;")]
    [InlineData("/// <summary>The reason.</summary>\n[Obsolete]\nconst int X = 1;")]
    [InlineData("/* The reason. */\nstatic readonly TimeSpan X = TimeSpan.FromSeconds(1);")]
    [InlineData("const int X = // The reason.\n    1;")]
    [InlineData("int M()\n{\n    // The reason.\n    const int X = 1;\n    return X;\n}")]
    [InlineData("const string X = \"no number\";")]
    [InlineData("static readonly byte[] X = [1];")]
    [InlineData("const bool X = true;")]
    [InlineData("readonly int x = 1;")]
    [InlineData("enum E { X = 1 }")]
    public void A_number_with_a_reason_and_other_constants_pass(string member) => Expect.None(Check(member));

    private static ImmutableArray<string> Check(string member) =>
        ConstantReasons.Violations(SourceModel.Of(("src/Duplex/A.cs", $"namespace Duplex; class A {{\n{member}\n}}")));
}
