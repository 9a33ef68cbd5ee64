using System.Globalization;
using System.Text;

namespace Duplex.Protocol;

/// <summary>Makes a peer's text safe for messages and logs: one line, a visible end, a bounded length.</summary>
internal static class EscapedText
{
    // A Close frame's longest text, so one without escapes is shown in full.
    private const int MaxLength = FrameHeader.MaxControlPayload - sizeof(ushort);

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

    // Line ends, direction marks and their like.
    private static bool MovesOrHides(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
