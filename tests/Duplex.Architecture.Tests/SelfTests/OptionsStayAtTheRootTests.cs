using System.Collections.Immutable;

namespace Duplex.Tests;

public class OptionsStayAtTheRootTests
{
    private static readonly (string, string) Options = ("src/Duplex/WebSocketsOptions.cs", "namespace Duplex; public class WebSocketsOptions;");

    [Theory]
    [InlineData("src/Duplex/Sessions/A.cs")]
    [InlineData("src/Duplex/Engines/A.cs")]
    [InlineData("src/Duplex/Diagnostics/A.cs")]
    public void A_lower_room_that_sees_the_options_is_found(string path) =>
        Expect.Exactly(Check(Options, (path, "namespace Duplex; class A { WebSocketsOptions? o; }")), $"{path}:1: uses WebSocketsOptions");

    [Fact]
    public void Options_that_moved_down_are_found() => Expect.Exactly(
        Check(("src/Duplex/Sessions/WebSocketsOptions.cs", "namespace Duplex; public class WebSocketsOptions;")),
        "src/Duplex/Sessions/WebSocketsOptions.cs: WebSocketsOptions belongs to the root");

    [Fact]
    public void The_root_and_the_packages_may_see_them() => Expect.None(Check(
        Options,
        ("src/Duplex/A.cs", "namespace Duplex; class A { WebSocketsOptions? o; }"),
        ("src/Duplex.X/B.cs", "namespace Duplex; class B { WebSocketsOptions? o; }")));

    private static ImmutableArray<string> Check(params (string Path, string Text)[] snippets) =>
        OptionsStayAtTheRoot.Violations(new TypeGraph(SourceModel.Of(snippets)));
}
