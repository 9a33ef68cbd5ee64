using System.Globalization;
using System.Text;

namespace Duplex;

/// <summary>A peer's text as messages and logs show it: it stays on its line, ends where it ends, and is no longer than an ordinary one.</summary>
internal static class EscapedText
{
    // As many characters as a Close frame's text can have, so that an ordinary one is shown whole; escaping, which makes six characters of one, makes none longer.
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
