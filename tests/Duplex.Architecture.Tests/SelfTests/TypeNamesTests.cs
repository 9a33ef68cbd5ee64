namespace Duplex.Tests;

public class TypeNamesTests
{
    [Theory]
    [InlineData("public class FrameManager;", "Manager")]
    [InlineData("static class FrameHelper;", "Helper")]
    [InlineData("class FrameUtils;", "Utils")]
    [InlineData("interface FrameBase;", "Base")]
    [InlineData("record struct FrameImpl;", "Impl")]
    [InlineData("delegate void FrameHelper();", "Helper")]
    [InlineData("enum FrameBase;", "Base")]
    [InlineData("class Frame { class Base; }", "Base")]
    public void A_name_without_an_idea_is_found(string text, string suffix) =>
        Assert.Contains($" ends in {suffix};", Assert.Single(TypeNames.Violations(SourceModel.Of(("src/Duplex/A.cs", text)))), StringComparison.Ordinal);

    [Fact]
    public void Other_names_pass() => Expect.None(TypeNames.Violations(SourceModel.Of(("src/Duplex/A.cs", "class Frame; class Database; class ManagerList; class Baseline;"))));
}
