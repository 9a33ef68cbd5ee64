using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>
/// The page that sets Ktor's parts and tests beside ours keeps its word: each row of its tables has something in every cell, and its last cell names a test, <c>Project/Class.Method</c>, or
/// links to a line of the page of differences; and all that it names exists. A row may do without only under the one heading that says that its time is still to come.
/// </summary>
internal static partial class Parity
{
    /// <summary>The heading of the rows whose time is still to come.</summary>
    public const string Later = "## Later: ";

    private const string Differences = "differences-from-ktor.md";

    /// <summary>What the page names or lacks wrongly.</summary>
    /// <param name="page">The page of parity.</param>
    /// <param name="differences">The page of differences.</param>
    /// <param name="tests">Every file below <c>tests</c>.</param>
    public static ImmutableArray<string> Violations(string page, string differences, IEnumerable<SourceFile> tests)
    {
        HashSet<string> proofs = [.. tests.SelectMany(Tests)];
        HashSet<string> lines = [.. Anchor().Matches(differences).Select(match => match.Groups["id"].Value)];
        var violations = ImmutableArray.CreateBuilder<string>();
        string heading = "";
        foreach (string line in page.Split('\n'))
        {
            if (line.StartsWith('#'))
                heading = line;
            if (!IsRow(line))
                continue;
            string[] cells = [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim())];
            string name = $"{heading.TrimStart('#', ' ')}: {cells[0]}";
            if (cells.Any(cell => cell.Length == 0))
                violations.Add($"{name}: has an empty cell.");
            string[] named = [.. Test().Matches(cells[^1]).Select(match => match.Value.Trim('`'))];
            string[] linked = [.. Link().Matches(line).Select(match => match.Groups["id"].Value)];
            violations.AddRange(named.Where(test => !proofs.Contains(test)).Select(test => $"{name}: there is no test {test}."));
            violations.AddRange(linked.Where(id => !lines.Contains(id)).Select(id => $"{name}: {Differences} has no line {id}."));
            if (named.Length + linked.Length == 0 && !heading.StartsWith(Later, StringComparison.Ordinal))
                violations.Add($"{name}: names neither a test nor a difference.");
        }

        return violations.ToImmutable();
    }

    /// <summary>How many rows the tables have.</summary>
    public static int Rows(string page) => page.Split('\n').Count(IsRow);

    /// <summary>The lines of the page of differences that cannot be linked to, or not without doubt.</summary>
    public static ImmutableArray<string> Unlinkable(string differences) =>
    [
        .. differences.Split('\n').Where(line => IsRow(line) && !Anchor().IsMatch(line)).Select(line => $"{line}: has no anchor."),
        .. Anchor().Matches(differences).GroupBy(match => match.Groups["id"].Value).Where(same => same.Count() > 1).Select(same => $"{same.Key}: names two lines."),
    ];

    // Every test of a file: also those that an abstract class leaves to its heirs.
    private static IEnumerable<string> Tests(SourceFile file) =>
        from method in CSharpSyntaxTree.ParseText(file.Text).GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>()
        where method.AttributeLists.SelectMany(list => list.Attributes).Any(attribute => attribute.Name.ToString() is "Fact" or "Theory" && !IsIdle(attribute))
        let type = method.Ancestors().OfType<ClassDeclarationSyntax>().First()
        select $"{Short(file.Project)}/{type.Identifier.Text}.{method.Identifier.Text}";

    // A test that does not run proves nothing.
    private static bool IsIdle(AttributeSyntax attribute) => attribute.ArgumentList?.Arguments.Any(argument => argument.NameEquals?.Name.Identifier.Text is "Skip" or "Explicit") == true;

    // Duplex.Protocol.Tests is told as Protocol, and Duplex.Tests as Duplex.
    private static string Short(string project) => project == "Duplex.Tests" ? "Duplex" : project["Duplex.".Length..].Replace(".Tests", "", StringComparison.Ordinal);

    // A row of a table; neither its head, which begins with the name of its first column, nor the line under it.
    private static bool IsRow(string line) => line.StartsWith('|') && !line.StartsWith("|-", StringComparison.Ordinal) && !line.StartsWith("| Ktor |", StringComparison.Ordinal);

    [GeneratedRegex("`[A-Za-z.]+/[A-Za-z0-9_]+[.][A-Za-z0-9_]+`")]
    private static partial Regex Test();

    [GeneratedRegex("[(]differences-from-ktor[.]md#(?<id>[^)]*)[)]")]
    private static partial Regex Link();

    [GeneratedRegex("<a id=\"(?<id>[^\"]+)\"></a>")]
    private static partial Regex Anchor();
}
