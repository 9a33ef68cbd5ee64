using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;

namespace Duplex.Tests;

/// <summary>Relative links of documents lead to files that exist, and to headings that GitHub gives that anchor.</summary>
internal static partial class Links
{
    /// <summary>The links that lead nowhere, and those of a page that leave the site.</summary>
    /// <param name="documents">The documents to check.</param>
    /// <param name="read">Returns the text of a file by its path from the root; null if there is none.</param>
    public static ImmutableArray<string> Violations(IEnumerable<SourceFile> documents, Func<string, string?> read) =>
    [
        .. from document in documents
           from target in Targets(document.Text)
           let problem = Check(document.Path, target, read)
           where problem is not null
           select $"{document.Path}: {target}: {problem}",
    ];

    /// <summary>The pages that the table of contents lacks, has twice, or has without a file.</summary>
    public static ImmutableArray<string> Unlisted(IEnumerable<string> pages, string contents)
    {
        string[] listed = [.. Entry().Matches(contents).Select(match => $"docs/{match.Groups[1].Value}")];
        string[] all = [.. pages];
        return
        [
            .. all.Except(listed).Select(page => $"{page}: is missing in docs/toc.yml."),
            .. listed.Except(all).Select(page => $"{page}: is in docs/toc.yml, but does not exist."),
            .. listed.CountBy(page => page).Where(page => page.Value > 1).Select(page => $"{page.Key}: is in docs/toc.yml {page.Value} times."),
        ];
    }

    /// <summary>The anchors of a document: those of its headings, and those written as HTML.</summary>
    public static HashSet<string> Anchors(string text)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (Match heading in Heading().Matches(Fence().Replace(text, "")))
        {
            string anchor = Anchor(heading.Groups[1].Value);
            string unique = anchor;
            for (int i = 1; !anchors.Add(unique); i++)
                unique = $"{anchor}-{i}";
        }

        anchors.UnionWith(HtmlAnchor().Matches(text).Select(match => match.Groups[1].Value));
        return anchors;
    }

    private static string? Check(string path, string target, Func<string, string?> read)
    {
        string[] parts = target.Split('#', 2);
        string folder = path.Contains('/') ? path[..path.LastIndexOf('/')] : "";
        string file = parts[0] == "" ? path : Normalized($"{folder}/{parts[0]}");
        if (read(file) is not { } text)
            return "the file does not exist.";
        if (path.StartsWith("docs/", StringComparison.Ordinal) && !file.StartsWith("docs/", StringComparison.Ordinal))
            return "a page of the site links to a file outside of it; write the address of the repository.";
        return parts.Length == 1 || Anchors(text).Contains(parts[1]) ? null : "the file has no such anchor.";
    }

    private static IEnumerable<string> Targets(string text) =>
        Link().Matches(InlineCode().Replace(Fence().Replace(text, ""), ""))
            .Select(match => match.Groups[1].Value)
            .Where(target => !Absolute().IsMatch(target));

    private static string Normalized(string path)
    {
        var parts = new List<string>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else if (part != ".")
                parts.Add(part);
        }

        return string.Join('/', parts);
    }

    // GitHub: lower case, no punctuation, hyphens for spaces.
    private static string Anchor(string heading)
    {
        var anchor = new StringBuilder();
        foreach (char c in LinkText().Replace(heading, "$1").Trim())
        {
            if (char.IsLetterOrDigit(c) || c is '-' or '_')
                anchor.Append(char.ToLowerInvariant(c));
            else if (c == ' ')
                anchor.Append('-');
        }

        return anchor.ToString();
    }

    [GeneratedRegex(@"^```.*?^```\s*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex LinkText();

    [GeneratedRegex("^[a-z]+:")]
    private static partial Regex Absolute();

    [GeneratedRegex(@"^#{1,6}\s+(.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("<a (?:id|name)=\"([^\"]+)\"")]
    private static partial Regex HtmlAnchor();

    [GeneratedRegex(@"href:\s*(\S+\.md)")]
    private static partial Regex Entry();
}
