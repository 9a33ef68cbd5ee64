using System.Collections.Immutable;

namespace Duplex.Tests;

public class TypeGraphTests
{
    [Fact]
    public void A_circle_of_two_types_is_told_arrow_by_arrow()
    {
        string circle = Assert.Single(Circles("class A { void M() => B.N(); }\nclass B { public static void N() { A? a = null; } }"));
        Assert.Contains("A -> B   src/Duplex/A.cs:1: B", circle, StringComparison.Ordinal);
        Assert.Contains("B -> A   src/Duplex/A.cs:2: A", circle, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_circle_inside_a_room_is_found() =>
        Assert.StartsWith("4 types", Assert.Single(Circles("class A { B? x; } class B { C? x; } class C { D? x; } class D { A? x; } class E { A? x; }")), StringComparison.Ordinal);

    [Fact]
    public void A_circle_through_a_nested_type_is_found() => Assert.Single(Circles("class A { class Inner { B? b; } } class B { A? a; }"));

    [Fact]
    public void A_circle_through_a_part_of_a_type_is_found() => Assert.Single(Circles("partial class A; partial class A { B? b; } class B { A? a; }"));

    [Fact]
    public void Two_circles_are_told_apart() => Assert.Equal(2, Circles("class A { B? x; } class B { A? x; } class C { D? x; A? a; } class D { C? x; }").Length);

    [Fact]
    public void A_tree_has_no_circle() => Expect.None(Circles("class A { B? b; C? c; } class B { C? c; } class C;"));

    [Fact]
    public void A_type_and_its_nested_types_may_use_each_other() => Expect.None(Circles("class A { Inner? i; A? a; class Inner { A? a; Other? o; } class Other { Inner? i; } }"));

    [Fact]
    public void A_generic_type_is_not_the_plain_type_of_its_name() => Expect.None(Circles("class A { A<int>? x; } class A<T> { T? x; }"));

    private static ImmutableArray<string> Circles(string text) =>
        new TypeGraph(SourceModel.Of(("src/Duplex/A.cs", "namespace Duplex; " + text))).Circles();
}
