using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>A row that sets a part of Ktor's, or one of its tests, beside ours.</summary>
/// <param name="Key">What a test that proves the row calls it.</param>
/// <param name="Ktor">The first cell of the row on the page.</param>
/// <param name="Ours">The second cell.</param>
/// <param name="Differences">The lines of the page of differences that the row links to.</param>
internal sealed record ParityRow(string Key, string Ktor, string Ours, ImmutableArray<string> Differences);

/// <summary>A table of rows.</summary>
/// <param name="Heading">What stands above it.</param>
/// <param name="Ktor">The head of the first column on the page.</param>
/// <param name="Ours">The head of the second.</param>
/// <param name="Rows">Its rows in order.</param>
internal sealed record ParityTable(string Heading, string Ktor, string Ours, ImmutableArray<ParityRow> Rows);

/// <summary>A row's key on a test, and what is wrong with it, if anything.</summary>
/// <param name="Key">The key that the test names.</param>
/// <param name="Test">The test, as <c>Project/Class.Method</c>.</param>
/// <param name="Fault">Why it proves nothing, or null.</param>
internal sealed record ParityProof(string Key, string Test, string? Fault);

/// <summary>
/// Each row that sets Ktor's parts and tests beside ours has a test that names it by <c>[KtorParity("key")]</c>, or links to a line
/// of the page of differences. Each key that a test names exists. The page is written from both.
/// </summary>
internal static partial class Parity
{
    /// <summary>The file of the rows, from the root.</summary>
    public const string RowsFile = "tests/Parity/rows.md";

    private const string Differences = "differences-from-ktor.md";

    /// <summary>Reads the tables of the file of rows.</summary>
    public static ImmutableArray<ParityTable> Tables(string text)
    {
        var tables = ImmutableArray.CreateBuilder<ParityTable>();
        string heading = "";
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                heading = line[3..];
            if (!line.StartsWith('|') || line.StartsWith("|-", StringComparison.Ordinal))
                continue;
            string[] cells = Cells(line);
            if (cells is ["key", var ktor, var ours, "differences"])
                tables.Add(new ParityTable(heading, ktor, ours, []));
            else if (tables.Count == 0 || cells.Length != 4)
                throw new FormatException($"{RowsFile} has a row that is not key, Ktor, Duplex, differences: {line}");
            else
                tables[^1] = tables[^1] with { Rows = tables[^1].Rows.Add(new ParityRow(cells[0], cells[1], cells[2], [.. cells[3].Split(' ', StringSplitOptions.RemoveEmptyEntries)])) };
        }

        return tables.ToImmutable();
    }

    /// <summary>Every key that a method of these files names, ordered by the name of the test.</summary>
    public static ImmutableArray<ParityProof> Proofs(IEnumerable<SourceFile> tests) =>
    [
        .. tests.Where(file => file.Text.Contains("KtorParity(", StringComparison.Ordinal)).SelectMany(Proofs)
            .OrderBy(proof => proof.Test, StringComparer.Ordinal).ThenBy(proof => proof.Key, StringComparer.Ordinal),
    ];

    /// <summary>What is wrong with the rows, or with the keys that tests name.</summary>
    /// <param name="tables">The tables of the file of rows.</param>
    /// <param name="proofs">The keys that tests name.</param>
    /// <param name="differences">The page of differences.</param>
    public static ImmutableArray<string> Violations(ImmutableArray<ParityTable> tables, ImmutableArray<ParityProof> proofs, string differences)
    {
        ImmutableArray<ParityRow> rows = [.. tables.SelectMany(table => table.Rows)];
        HashSet<string> keys = [.. rows.Select(row => row.Key)];
        HashSet<string> proved = [.. proofs.Where(proof => proof.Fault is null).Select(proof => proof.Key)];
        HashSet<string> lines = [.. Anchor().Matches(differences).Select(match => match.Groups["id"].Value)];
        return
        [
            .. rows.GroupBy(row => row.Key).Where(same => same.Count() > 1).Select(same => $"{same.Key}: is the key of two rows."),
            .. rows.Where(row => row.Key == "" || row.Ktor == "" || row.Ours == "").Select(row => $"{row.Key}: has an empty cell."),
            .. from row in rows from id in row.Differences where !lines.Contains(id) select $"{row.Key}: {Differences} has no line {id}.",
            .. rows.Where(row => !proved.Contains(row.Key) && row.Differences.IsEmpty).Select(row => $"{row.Key}: has neither a proof nor a difference."),
            .. proofs.Where(proof => proof.Fault is not null).Select(proof => $"{proof.Test}: {proof.Fault}"),
            .. proofs.Where(proof => proof.Fault is null && !keys.Contains(proof.Key)).Select(proof => $"{proof.Test}: there is no row {proof.Key}."),
            .. proofs.GroupBy(proof => proof).Where(same => same.Count() > 1).Select(same => $"{same.Key.Test}: names {same.Key.Key} twice."),
        ];
    }

    /// <summary>The tables as they stand on the page.</summary>
    public static string Page(string head, ImmutableArray<ParityTable> tables, ImmutableArray<ParityProof> proofs)
    {
        ILookup<string, string> tests = proofs.ToLookup(proof => proof.Key, proof => $"`{proof.Test}`");
        IEnumerable<string> lines = tables.SelectMany(table => (IEnumerable<string>)
        [
            $"\n## {table.Heading}\n",
            $"| {table.Ktor} | {table.Ours} | proof |",
            "|---|---|---|",
            .. from row in table.Rows
               let links = row.Differences.Select(id => $"[difference]({Differences}#{id})")
               select $"| {row.Ktor} | {row.Ours} | {string.Join(", ", tests[row.Key].Concat(links))} |",
        ]);
        return $"{head}\n{string.Join('\n', lines)}\n";
    }

    /// <summary>The lines of the page of differences that cannot be linked to, or not without doubt.</summary>
    public static ImmutableArray<string> Unlinkable(string differences) =>
    [
        .. differences.Split('\n').Where(line => IsDifference(line) && !Anchor().IsMatch(line)).Select(line => $"{line}: has no anchor."),
        .. Anchor().Matches(differences).GroupBy(match => match.Groups["id"].Value).Where(same => same.Count() > 1).Select(same => $"{same.Key}: names two lines."),
    ];

    // Also tests that an abstract class leaves to its heirs.
    private static IEnumerable<ParityProof> Proofs(SourceFile file) =>
        from method in CSharpSyntaxTree.ParseText(file.Text).GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>()
        let attributes = method.AttributeLists.SelectMany(list => list.Attributes).ToArray()
        from parity in attributes
        where parity.Name.ToString() == "KtorParity"
        let type = method.Ancestors().OfType<ClassDeclarationSyntax>().First()
        from argument in parity.ArgumentList!.Arguments
        let key = (argument.Expression as LiteralExpressionSyntax)?.Token.Value as string
        let fault = key is null ? "names a key that is not a string literal." : attributes.Any(Runs) ? null : $"names {key} but does not run."
        select new ParityProof(key ?? "", $"{Short(file.Project)}/{type.Identifier.Text}.{method.Identifier.Text}", fault);

    // A test that is skipped, or that only runs when it is asked for, proves nothing.
    private static bool Runs(AttributeSyntax attribute) => attribute.Name.ToString() is "Fact" or "Theory"
        && attribute.ArgumentList?.Arguments.Any(argument => argument.NameEquals?.Name.Identifier.Text is "Skip" or "Explicit") != true;

    // Duplex.Protocol.Tests is Protocol, and Duplex.Tests is Duplex.
    private static string Short(string project) => project == "Duplex.Tests" ? "Duplex" : project["Duplex.".Length..].Replace(".Tests", "", StringComparison.Ordinal);

    private static string[] Cells(string line) => [.. line.Trim()[1..^1].Split('|').Select(cell => cell.Trim())];

    // A row of a table; neither its head, which begins with the name of its first column, nor the line under it.
    private static bool IsDifference(string line) => line.StartsWith('|') && !line.StartsWith("|-", StringComparison.Ordinal) && !line.StartsWith("| Ktor |", StringComparison.Ordinal);

    [GeneratedRegex("<a id=\"(?<id>[^\"]+)\"></a>")]
    private static partial Regex Anchor();
}
