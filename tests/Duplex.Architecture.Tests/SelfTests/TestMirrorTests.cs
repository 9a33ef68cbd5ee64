using System.Collections.Immutable;

namespace Duplex.Tests;

public class TestMirrorTests
{
    private const string Behaviour = "namespace Duplex; class A { int M(int x) => x + 1; }";

    [Theory]
    [InlineData("src/Duplex.Protocol/Frames/A.cs", "tests/Duplex.Protocol.Tests/Frames/ATests.cs")]
    [InlineData("src/Duplex/A.cs", "tests/Duplex.Tests/ATests.cs")]
    [InlineData("src/Duplex/Sessions/Deep/A.cs", "tests/Duplex.Tests/Sessions/Deep/ATests.cs")]
    [InlineData("src/Duplex/Sessions/A.cs", "tests/Duplex.Integration.Tests/Sessions/ATests.cs")]
    [InlineData("src/Duplex/Sessions/A.cs", "tests/Duplex.Integration.Tests/ATests.cs")]
    [InlineData("src/Duplex/Sessions/A.Part.cs", "tests/Duplex.Tests/Sessions/A.PartTests.cs")]
    [InlineData("src/Duplex/Sessions/A.Part.cs", "tests/Duplex.Tests/Sessions/ATests.cs")]
    public void A_file_is_tested_by_its_mirror(string source, string test) => Expect.None(Check(source, test));

    [Theory]
    [InlineData("src/Duplex.Protocol/Frames/A.cs", "tests/Duplex.Protocol.Tests/ATests.cs")]
    [InlineData("src/Duplex.Protocol/Frames/A.cs", "tests/Duplex.Integration.Tests/Frames/ATests.cs")]
    [InlineData("src/Duplex/Sessions/A.cs", "tests/Duplex.Tests/Engines/ATests.cs")]
    [InlineData("src/Duplex/Sessions/A.cs", "tests/Duplex.Tests/Sessions/AbTests.cs")]
    [InlineData("src/Duplex/Sessions/A.cs", "tests/Duplex.Tests/Sessions/A.PartTests.cs")]
    public void Behaviour_without_its_mirror_is_found(string source, string test) => Expect.Exactly(Check(source, test), $"{source} has behaviour but no test");

    [Fact]
    public void A_mirror_without_a_test_is_found() =>
        Expect.Exactly(Check("src/Duplex/A.cs", "tests/Duplex.Tests/ATests.cs", "public class ATests { }"), "src/Duplex/A.cs has behaviour but no test; expected tests in tests/Duplex.Tests/ATests.cs");

    [Fact]
    public void Data_needs_no_tests() => Expect.None(TestMirror.Violations(SourceModel.Of(("src/Duplex/A.cs", "namespace Duplex; enum A { X }")), []));

    private static ImmutableArray<string> Check(string source, string test, string text = "[Fact] public void M() { }") =>
        TestMirror.Violations(SourceModel.Of((source, Behaviour)), [new SourceFile(test, text)]);
}
