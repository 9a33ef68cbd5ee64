using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Duplex.Tests;

/// <summary>
/// Sources and documents are written in plain words: none of a short list, except in a quotation of an RFC. Lines of
/// sources have at most 120 columns.
/// </summary>
internal static partial class PlainWords
{
    private const int MaxColumns = 120; // two files fit side by side on a usual screen

    /// <summary>The listed words outside quotations, in C# sources and Markdown documents.</summary>
    public static ImmutableArray<string> Violations(IEnumerable<SourceFile> files) =>
    [
        .. from file in files
           from passage in Passages(file)
           from match in Listed().Matches(passage.Text)
           let line = passage.Line + passage.Text.AsSpan(0, match.Index).Count('\n')
           let word = Space().Replace(match.Value, " ")
           select $"{file.Path}:{line}: \"{word}\" is not plain English; say it in other words.",
    ];

    /// <summary>The lines that are too long.</summary>
    public static ImmutableArray<string> LongLines(IEnumerable<SourceFile> files) =>
    [
        .. from file in files
           from line in file.Text.Split('\n').Select((text, index) => (Number: index + 1, Text: text.TrimEnd('\r')))
           where line.Text.Length > MaxColumns
           select $"{file.Path}:{line.Number}: has {line.Text.Length} columns; at most {MaxColumns} are allowed.",
    ];

    // Comment lines or Markdown lines that belong together, because quotations and listed phrases run over line ends;
    // any other line by itself. Quotations are blanked out, except in code: a string of the program is ours.
    private static IEnumerable<(int Line, string Text)> Passages(SourceFile file)
    {
        bool isDocument = file.Path.EndsWith(".md", StringComparison.Ordinal);
        string[] lines = file.Text.Split('\n');
        for (int first = 0, end; first < lines.Length; first = end)
        {
            end = first + 1;
            bool isProse = IsProse(lines[first], isDocument);
            while (isProse && end < lines.Length && IsProse(lines[end], isDocument))
                end++;
            string text = isProse
                ? string.Join('\n', lines[first..end].Select(line => line.Trim().TrimStart('/')))
                : lines[first];
            yield return (first + 1, isProse || isDocument ? Quotation().Replace(text, Blank) : text);
        }
    }

    // A row of a table is a passage of its own.
    private static bool IsProse(string line, bool isDocument) => isDocument
        ? !string.IsNullOrWhiteSpace(line) && !line.StartsWith('|')
        : line.TrimStart().StartsWith("//", StringComparison.Ordinal);

    // Keeps the line ends, by which lines are counted.
    private static string Blank(Match quotation) => $"\"{new string('\n', quotation.ValueSpan.Count('\n'))}\"";

    [GeneratedRegex(
        @"\b(?:whoever|whom|who\s+has|nobody|shall|has\s+its\s+due|(?:is|are|was|were|be|been)\s+(?:not\s+)?(?:told(?!\s+to\b)|owed)|in\s+vain|to\s+be\s+had|"
        + @"goes\s+its\s+way|gone\s+their\s+way|come\s+to\s+be|for\s+ever|somebody|anybody)\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Listed();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quotation();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
