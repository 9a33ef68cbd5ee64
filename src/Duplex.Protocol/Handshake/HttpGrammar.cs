using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Duplex.Protocol;

/// <summary>
/// The few rules of HTTP's grammar (RFC 7230 §3.2.6 and §7) that a WebSocket handshake needs. Every method takes time linear in its input and is thread-safe.
/// </summary>
internal static class HttpGrammar
{
    /// <summary>How many elements, parameters included, a parsed list may have over all its header lines: 256.</summary>
    // RFC 7230 §7 asks for "not so much that they could be used as a denial-of-service mechanism". The largest sensible handshake, some
    // twenty alternatives of permessage-deflate with its four parameters and a name each, has about 100; a 64 KiB header could hold 30,000.
    public const int MaxListElements = 256;

    // RFC 7230 §3.2.6: tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
    private static readonly SearchValues<char> TokenChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> LineBreaksAndNul = SearchValues.Create("\r\n\0");

    /// <summary>Whether a text is a token: one or more of the characters that RFC 7230 allows in a bare word.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenChars);

    /// <summary>Whether a header value holds CR, LF or NUL, which could end the header line early and begin another (header injection).</summary>
    // RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous".
    public static bool ContainsLineBreakOrNul(ReadOnlySpan<char> value) => value.ContainsAny(LineBreaksAndNul);

    /// <summary>Walks the elements of a comma-separated header value; see <see cref="HttpList"/>.</summary>
    public static HttpList List(ReadOnlySpan<char> value) => new(value);

    /// <summary>Whether a comma-separated header value has an element that equals a token, ASCII letters compared without regard to case.</summary>
    /// <param name="value">One header value, such as <c>keep-alive, Upgrade</c>.</param>
    /// <param name="token">The token to look for.</param>
    public static bool ListContainsToken(ReadOnlySpan<char> value, ReadOnlySpan<char> token)
    {
        foreach (ReadOnlySpan<char> element in List(value))
        {
            if (Ascii.EqualsIgnoreCase(element, token)) return true;
        }

        return false;
    }

    /// <summary>Whether any of several lines of a header has an element that equals a token, ASCII letters compared without regard to case.</summary>
    /// <param name="values">The header's values, one for each line.</param>
    /// <param name="token">The token to look for.</param>
    public static bool ListContainsToken(IReadOnlyList<string> values, ReadOnlySpan<char> token)
    {
        ArgumentNullException.ThrowIfNull(values);
        for (int i = 0; i < values.Count; i++)
        {
            if (ListContainsToken(values[i], token)) return true;
        }

        return false;
    }

    /// <summary>Takes the quotes and backslashes off a quoted-string that fills the whole text.</summary>
    /// <param name="text">The text, from its opening to its closing quote.</param>
    /// <param name="value">What the quoted-string stands for, if it is well-formed.</param>
    /// <returns>Whether <paramref name="text"/> is exactly one well-formed quoted-string.</returns>
    public static bool TryUnquote(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? value)
    {
        if (TryReadQuotedString(text, out int length, out value) && length == text.Length) return true;
        value = null;
        return false;
    }

    /// <summary>Reads the quoted-string that a text begins with.</summary>
    /// <param name="text">The text; what follows the closing quote is not looked at.</param>
    /// <param name="length">On success the length of the quoted-string with both quotes; otherwise how far the text was legal.</param>
    /// <param name="value">What the quoted-string stands for, if it is well-formed.</param>
    /// <returns>Whether <paramref name="text"/> begins with a well-formed quoted-string.</returns>
    public static bool TryReadQuotedString(ReadOnlySpan<char> text, out int length, [NotNullWhen(true)] out string? value)
    {
        value = null;
        length = 0;
        if (text.IsEmpty || text[0] != '"') return false;

        // RFC 7230 §3.2.6: quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE; quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )
        var unescaped = new StringBuilder();
        for (length = 1; length < text.Length; length++)
        {
            if (text[length] == '"')
            {
                length++;
                value = unescaped.ToString();
                return true;
            }

            if (text[length] == '\\') length++;
            if (length == text.Length || !MayBeQuoted(text[length])) return false;
            unescaped.Append(text[length]);
        }

        return false;
    }

    // RFC 7230 §3.2.6: HTAB, SP, the visible characters and obs-text (%x80-FF; a decoder other than Latin-1 may make of it any character from U+0080 on).
    private static bool MayBeQuoted(char c) => c is '\t' or (>= ' ' and not '\x7F');

    internal static int TokenLength(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExcept(TokenChars);
        return end < 0 ? text.Length : end;
    }

    // RFC 7230 §3.2.3: OWS = *( SP / HTAB )
    internal static ReadOnlySpan<char> TrimWhiteSpace(ReadOnlySpan<char> text) => text.Trim(" \t");

    internal static int WhiteSpaceLength(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExcept(' ', '\t');
        return end < 0 ? text.Length : end;
    }
}
