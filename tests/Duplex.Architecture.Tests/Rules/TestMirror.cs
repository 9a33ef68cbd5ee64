using System.Collections.Immutable;

namespace Duplex.Tests;

/// <summary>
/// Every source file with behaviour has its test file: <c>src/P/Folder/X.cs</c> is tested by <c>tests/P.Tests/Folder/XTests.cs</c>; for a part of a type,
/// <c>X.Part.cs</c>, <c>XTests.cs</c> in the same folder serves too. What stands in src/Duplex may instead be tested by an <c>XTests.cs</c> anywhere in
/// tests/Duplex.Integration.Tests or tests/Duplex.Reconnecting.Tests, or, in a page, in tests/Duplex.Browser.Tests. A test file without a test counts for nothing.
/// </summary>
internal static class TestMirror
{
    private static readonly string[] TestsOfTheWhole = ["tests/Duplex.Integration.Tests/", "tests/Duplex.Browser.Tests/", "tests/Duplex.Reconnecting.Tests/"];

    public static ImmutableArray<string> Violations(SourceModel model, IEnumerable<SourceFile> tests)
    {
        SourceFile[] real = [.. tests.Where(HasTest)];
        return
        [
            .. from file in model.Files
               where Behaviour.IsIn(file.Tree.GetRoot()) && !real.Any(test => Serves(test, new SourceFile(file.Path, "")))
               select $"{file.Path} has behaviour but no test; expected tests in {Expected(file.Path)}.",
        ];
    }

    private static bool Serves(SourceFile test, SourceFile source)
    {
        bool sameName = test.Stem == source.Stem + "Tests" || test.Stem == source.Stem.Split('.')[0] + "Tests";
        bool sameFolder = test.Folder + "/" == Expected(source.Path)[..^(source.Stem.Length + "Tests.cs".Length)];
        return sameName && (sameFolder || (source.Project == "Duplex" && TestsOfTheWhole.Any(folder => test.Path.StartsWith(folder, StringComparison.Ordinal))));
    }

    private static string Expected(string path)
    {
        string[] parts = path.Split('/');
        return $"tests/{parts[1]}.Tests/{string.Concat(parts[2..^1].Select(folder => folder + "/"))}{parts[^1][..^".cs".Length]}Tests.cs";
    }

    private static bool HasTest(SourceFile file) => file.Text.Contains("[Fact", StringComparison.Ordinal) || file.Text.Contains("[Theory", StringComparison.Ordinal);
}
