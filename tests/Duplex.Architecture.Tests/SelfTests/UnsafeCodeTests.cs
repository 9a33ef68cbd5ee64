namespace Duplex.Tests;

public class UnsafeCodeTests
{
    [Theory]
    [InlineData("unsafe class A;")]
    [InlineData("class A { unsafe void M() { } }")]
    [InlineData("class A { void M() { unsafe { } } }")]
    public void Unsafe_code_is_found(string text) =>
        Assert.Contains("src/Duplex/A.cs:1: unsafe", Assert.Single(UnsafeCode.Violations(SourceModel.Of(("src/Duplex/A.cs", text)))), StringComparison.Ordinal);

    [Fact]
    public void A_word_in_a_comment_passes() => Expect.None(UnsafeCode.Violations(SourceModel.Of(("src/Duplex/A.cs", "class A; // unsafe"))));
}
