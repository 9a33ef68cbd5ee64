using Microsoft.CodeAnalysis.CSharp;

namespace Duplex.Tests;

public class BehaviourTests
{
    [Theory]
    [InlineData("enum A { X = 1 }")]
    [InlineData("delegate int A(int x);")]
    [InlineData("interface A { int M(int x); int P { get; } }")]
    [InlineData("record A(int X, string Y);")]
    [InlineData("class A { public const int X = 1; int _y; public int P { get; set; } = 3; }")]
    [InlineData("class A : Exception { public A() : this(\"m\") { } public A(string m) : base($\"{m}!\") { } }")]
    [InlineData("class A : Exception { public A(int code) { Code = code; } public int Code { get; } }")]
    [InlineData("static partial class A { [LoggerMessage(1, LogLevel.Debug, \"m\")] public static partial void M(ILogger l); }")]
    [InlineData("class A { int _x; int P => _x; int Q => -1; long R => (long)_x; string N => nameof(A); A Self() => this; int L { get { return _b.C.D; } set => _x = value; } }")]
    [InlineData("abstract class A { abstract public void M(); virtual public void N() { } }")]
    public void Data_has_none(string text) => Assert.False(HasBehaviour(text));

    [Theory]
    [InlineData("class A { void M() { N(); } }")]
    [InlineData("class A { int M(int x) => x + 1; }")]
    [InlineData("class A { int P => N(); }")]
    [InlineData("class A { int P { get; set => field = value < 0 ? 0 : value; } }")]
    [InlineData("class A { int P { set { _x += value; } } }")]
    [InlineData("class A { A(string s) { ArgumentNullException.ThrowIfNull(s); } }")]
    [InlineData("class A { bool M(object o) => o is A; }")]
    [InlineData("class A { void M() => throw new NotSupportedException(); }")]
    [InlineData("class A { public static A operator +(A a, A b) => a.Plus(b); }")]
    [InlineData("class A { int this[int i] => _x[i]; }")]
    [InlineData("class A { static Func<int, int> F = x => x + 1; }")]
    [InlineData("class A { static Func<int, int> F = delegate(int x) { return x + 1; }; }")]
    [InlineData("record A(int X) { public bool Big => X > 3; }")]
    [InlineData("interface A { int M() => N(); int N(); }")]
    [InlineData("class A { class B { ~B() { Free(); } } }")]
    public void Code_has_some(string text) => Assert.True(HasBehaviour(text));

    private static bool HasBehaviour(string text) =>
        Behaviour.IsIn(CSharpSyntaxTree.ParseText(text, cancellationToken: TestContext.Current.CancellationToken).GetRoot(TestContext.Current.CancellationToken));
}
