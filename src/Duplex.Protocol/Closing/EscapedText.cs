using System.Globalization;
using System.Text;

namespace Duplex.Protocol;

/// <summary>Makes a peer's text safe for messages and logs: one line, a visible end, and a bounded length.</summary>
internal static class EscapedText
{
    // The maximum length of a Close frame's text, so a text without escapes is shown in full.
    private const int MaxLength = FrameHeader.MaxControlPayload - sizeof(ushort);

    /// <summary>
    /// Returns the text, cut after the last character that fits. Escapes quotes, backslashes and characters that move
    /// or hide others, as in C#.
    /// </summary>
    public static string Of(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int before = escaped.Length;
            if (rune.Value is '"' or '\\')
                escaped.Append('\\').Append((char)rune.Value);
            else if (MovesOrHides(rune))
                escaped.Append(rune.IsBmp ? "\\u" : "\\U")
                    .Append(rune.Value.ToString(rune.IsBmp ? "X4" : "X8", CultureInfo.InvariantCulture));
            else
                escaped.Append(rune.ToString());
            if (escaped.Length <= MaxLength)
                continue;
            escaped.Length = before;
            return escaped.Append('…').ToString();
        }

        return escaped.ToString();
    }

    // Control characters such as line ends, format characters such as direction marks, and separators.
    private static bool MovesOrHides(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
