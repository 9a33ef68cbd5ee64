using System.Globalization;
using System.Text;

namespace Duplex.Protocol;

/// <summary>Makes a peer's text safe for messages and logs: it stays on one line, its end is visible, and its length is bounded.</summary>
internal static class EscapedText
{
    // The most characters that the text of a Close frame can have: unless it needs escapes, it is shown whole.
    private const int MaxLength = FrameHeader.MaxControlPayload - sizeof(ushort);

    /// <summary>The text with quotes, backslashes, and characters that move or hide what is around them escaped as in C#; cut behind the last character that fits.</summary>
    public static string Of(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int before = escaped.Length;
            if (rune.Value is '"' or '\\')
                escaped.Append('\\').Append((char)rune.Value);
            else if (MovesOrHides(rune))
                escaped.Append(rune.IsBmp ? "\\u" : "\\U").Append(rune.Value.ToString(rune.IsBmp ? "X4" : "X8", CultureInfo.InvariantCulture));
            else
                escaped.Append(rune.ToString());
            if (escaped.Length <= MaxLength)
                continue;
            escaped.Length = before;
            return escaped.Append('…').ToString();
        }

        return escaped.ToString();
    }

    // Line ends and other control characters, marks of writing direction, separators of lines.
    private static bool MovesOrHides(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
