using System.Collections.Immutable;

namespace Duplex.Tests;

public class RoomsTests
{
    [Theory]
    [InlineData("src/Duplex.Protocol/A.cs", 0)]
    [InlineData("src/Duplex.Protocol/Frames/Deep/A.cs", 0)]
    [InlineData("src/Duplex/Diagnostics/A.cs", 1)]
    [InlineData("src/Duplex/Serialization/A.cs", 1)]
    [InlineData("src/Duplex/Contracts/A.cs", 1)]
    [InlineData("src/Duplex/Receiving/A.cs", 2)]
    [InlineData("src/Duplex/Sending/A.cs", 2)]
    [InlineData("src/Duplex/Lifetime/A.cs", 3)]
    [InlineData("src/Duplex/Engines/Http/A.cs", 3)]
    [InlineData("src/Duplex/Sessions/A.cs", 4)]
    [InlineData("src/Duplex/A.cs", 5)]
    [InlineData("src/Duplex.MessagePack/A.cs", 7)]
    public void A_path_has_its_room(string path, int room) => Assert.Equal(room, Rooms.Of(path)?.Number);

    [Fact]
    public void A_folder_without_a_room_is_found() => Expect.Exactly(
        Rooms.Homeless(["src/Duplex/Sessions/A.cs", "src/Duplex/Plumbing/A.cs", "src/Duplex/Plumbing/B.cs", "src/Stray.cs", "src/Other/A.cs"]),
        "src/Duplex/Plumbing is in no room",
        "src is in no room",
        "src/Other is in no room");

    [Fact]
    public void Arrows_to_lower_rooms_and_inside_a_room_are_allowed() => Expect.None(Check(
        ("src/Duplex.Protocol/P.cs", "namespace Duplex; class P;"),
        ("src/Duplex/Receiving/C.cs", "namespace Duplex; class C { P? p; }"),
        ("src/Duplex/Sessions/S.cs", "namespace Duplex; class S { C? c; P? p; }"),
        ("src/Duplex/Sessions/T.cs", "namespace Duplex; class T : S;"),
        ("src/Duplex/R.cs", "namespace Duplex; public class R { S? s; }"),
        ("src/Duplex.X/X.cs", "namespace Duplex; class X : R;")));

    [Theory]
    [InlineData("class A { B? b; }")]
    [InlineData("class A { void M() { var b = C.Make(); } }")]
    [InlineData("class A { System.Collections.Generic.List<B[]>? list; }")]
    [InlineData("class A { void M(C c) => c.Take(new()); }")]
    [InlineData("class A { string M() => nameof(B.Count); }")]
    [InlineData("class A { int M() => B.Count; }")]
    [InlineData("class A { int M() => 3.Twice(); }")]
    [InlineData("class A { int M() => 3.Half; }")]
    [InlineData("class A { int M() => C.Given; }")]
    [InlineData("class A { int M() => -C.Given; }")]
    [InlineData("class A { void M() { foreach (int i in C.Given) { } } }")]
    [InlineData("class A { async Task M() => await C.Given; }")]
    [InlineData("class A { void M() { (int x, int y) = C.Given; } }")]
    [InlineData("class A { class Inner : B; }")]
    [InlineData("partial class A; partial class A { B? b; }")]
    [InlineData("class A { bool M(object o) => o is B; }")]
    [InlineData("delegate B A();")]
    [InlineData("[B.Mark] class A;")]
    public void An_arrow_upwards_is_found_however_it_is_written(string user) => Assert.StartsWith(
        "src/Duplex/Receiving/A.cs:2: A in Receiving (room 2) uses B in Sessions (room 4)",
        Check(
            ("src/Duplex/Receiving/A.cs", "namespace Duplex;\n" + user),
            // C is not in A's way: it is the lower type that hands out a B without A naming it.
            ("src/Duplex/Diagnostics/C.cs", "namespace Duplex; class C { public static B Make() => new(); public static B Given = new(); public void Take(B b) { } }"),
            ("src/Duplex/Sessions/B.cs", """
                namespace Duplex;
                class B
                {
                    public static int Count;
                    public static implicit operator int(B b) => 0;
                    public static int operator -(B b) => 0;
                    public List<int>.Enumerator GetEnumerator() => default;
                    public System.Runtime.CompilerServices.TaskAwaiter GetAwaiter() => default;
                    public void Deconstruct(out int x, out int y) => x = y = 0;
                    public class MarkAttribute : Attribute;
                }
                """),
            ("src/Duplex/Sessions/Bs.cs", "namespace Duplex; static class Bs { public static int Twice(this int x) => x; extension(int x) { public int Half => x; } }"))
            .First(violation => violation.Contains(" A in ", StringComparison.Ordinal)).Replace("uses Bs", "uses B", StringComparison.Ordinal),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("Engines", "Lifetime")]
    [InlineData("Lifetime", "Engines")]
    [InlineData("Receiving", "Sending")]
    [InlineData("Sending", "Receiving")]
    [InlineData("Diagnostics", "Serialization")]
    public void Rooms_with_the_same_number_do_not_see_each_other(string from, string to) => Expect.Exactly(
        Check(($"src/Duplex/{from}/A.cs", "namespace Duplex; class A : B;"), ($"src/Duplex/{to}/B.cs", "namespace Duplex; class B;")),
        $"src/Duplex/{from}/A.cs:1: A in {from}");

    [Fact]
    public void Packages_do_not_see_each_other() => Assert.NotEqual(Rooms.Of("src/Duplex.X/A.cs"), Rooms.Of("src/Duplex.Y/A.cs"));

    [Fact]
    public void A_type_with_parts_in_two_rooms_is_found() => Expect.Exactly(
        Check(("src/Duplex/A.cs", "namespace Duplex; partial class A;"), ("src/Duplex/Sessions/A.cs", "namespace Duplex; partial class A;")),
        "A has parts in Duplex (room 5) and Sessions (room 4)");

    [Fact]
    public void A_documentation_comment_is_no_arrow() => Expect.None(Check(
        ("src/Duplex/Receiving/A.cs", "namespace Duplex; /// <summary>Used by <see cref=\"B\"/>.</summary>\nclass A;"),
        ("src/Duplex/Sessions/B.cs", "namespace Duplex; class B;")));

    private static ImmutableArray<string> Check(params (string Path, string Text)[] snippets) =>
        Rooms.Violations(new TypeGraph(SourceModel.Of(snippets)));
}
