namespace Duplex.Tests;

public class PublicSurfaceTests
{
    [Fact]
    public void The_core_and_the_tests_may_see_internals() => Expect.None(PublicSurface.Violations(
    [
        Project("Duplex.Protocol", "Duplex", "Duplex.Tests", "Duplex.Protocol.Tests"),
        Project("Duplex", "Duplex.Tests", "Duplex.Integration.Tests"),
        Project("Duplex.X", "Duplex.X.Tests"),
    ]));

    [Fact]
    public void A_package_that_is_a_friend_is_found() => Expect.Exactly(
        PublicSurface.Violations([Project("Duplex.Protocol", "Duplex.X"), Project("Duplex", "Duplex.X"), Project("Duplex.X")]),
        "Duplex.Protocol shows its internals to Duplex.X",
        "Duplex shows its internals to Duplex.X");

    [Fact]
    public void A_package_that_shows_itself_to_others_is_found() => Expect.Exactly(
        PublicSurface.Violations([Project("Duplex"), Project("Duplex.X", "Duplex.Y", "Duplex"), Project("Duplex.Y")]),
        "Duplex.X shows its internals to Duplex;",
        "Duplex.X shows its internals to Duplex.Y;");

    private static SourceProject Project(string name, params string[] friends) => new(name, [], [.. friends], [], []);
}
