using System.Collections.Immutable;

namespace Duplex.Tests;

public class HiddenArrowsTests
{
    [Theory]
    [InlineData("class A { public event Action? Done; }")]
    [InlineData("class A { private readonly Action _a; public A(Action a) => _a = a; }", 2)]
    [InlineData("class A { public Func<int>? Asked { get; set; } }")]
    [InlineData("class A { void M(Action<int> told) { } }")]
    [InlineData("class A(Action told) { void M() => told(); }")]
    [InlineData("class A { public B? Source { get; set; } } class B;")]
    [InlineData("class A { internal B? Source; } class B;")]
    [InlineData("class A { public B? this[int i] { get => null; set { } } } class B;")]
    [InlineData("class A { void M(Action[] told) { } }")]
    [InlineData("class A { private readonly List<(int, Func<int>)> _asked = []; }")]
    public void What_hides_an_arrow_is_found(string type, int times = 1) =>
        Assert.Equal(times, Check("src/Duplex/Receiving/A.cs", type).Count(violation => violation.StartsWith("src/Duplex/Receiving/A.cs:2: ", StringComparison.Ordinal)));

    [Theory]
    [InlineData("class A { private readonly Action _a; public A() => _a = Run; void Run() { } }")]
    [InlineData("class A { void M() => Take(static () => { }); static void Take(object o) { } }")]
    [InlineData("class A { public B? Source { get; init; } public B? Own { get; private set; } public string? Name { get; set; } } class B;")]
    [InlineData("class A { class Node { public Node? Next { get; set; } } }")]
    [InlineData("class A { void M() { int[] all = [1]; _ = all.Where(x => x > 0); } }")]
    [InlineData("class A : IDisposable { void IDisposable.Dispose() { } }")]
    [InlineData("class A { private struct Slot { public B? Item; } } class B;")]
    public void What_shows_its_arrows_is_allowed(string type) => Expect.None(Check("src/Duplex/Sending/A.cs", type));

    [Fact]
    public void Only_the_middle_is_asked() => Expect.None(Check("src/Duplex/Engines/A.cs", "class A(Func<int> connect) { int M() => connect(); }"));

    private static ImmutableArray<string> Check(string path, string type) => HiddenArrows.Violations(SourceModel.Of((path, "namespace Duplex;\n" + type)));
}
