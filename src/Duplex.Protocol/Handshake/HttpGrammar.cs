using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Duplex.Protocol;

/// <summary>
/// HTTP's grammar (RFC 7230 §3.2.6 and §7) for handshakes. Methods run in linear time and are thread-safe.
/// </summary>
internal static class HttpGrammar
{
    // RFC 7230 §7 asks for "not so much that they could be used as a denial-of-service mechanism". The largest sensible
    // handshake, with some twenty alternatives of permessage-deflate, has about 100.
    public const int MaxListElements = 256;

    // RFC 7230 §3.2.6: tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
    // / DIGIT / ALPHA
    private static readonly SearchValues<char> TokenChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> LineBreaksAndNul = SearchValues.Create("\r\n\0");

    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenChars);

    // RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous".
    public static bool ContainsLineBreakOrNul(ReadOnlySpan<char> value) => value.ContainsAny(LineBreaksAndNul);

    public static HttpList List(ReadOnlySpan<char> value) => new(value);

    /// <summary>ASCII letters are compared case-insensitively.</summary>
    public static bool ListContainsToken(ReadOnlySpan<char> value, ReadOnlySpan<char> token)
    {
        foreach (ReadOnlySpan<char> element in List(value))
        {
            if (Ascii.EqualsIgnoreCase(element, token)) return true;
        }

        return false;
    }

    public static bool ListContainsToken(IReadOnlyList<string> values, ReadOnlySpan<char> token)
    {
        ArgumentNullException.ThrowIfNull(values);
        for (int i = 0; i < values.Count; i++)
        {
            if (ListContainsToken(values[i], token)) return true;
        }

        return false;
    }

    public static bool TryUnquote(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? value)
    {
        if (TryReadQuotedString(text, out int length, out value) && length == text.Length) return true;
        value = null;
        return false;
    }

    /// <summary>On failure, the length is that of the legal part.</summary>
    public static bool TryReadQuotedString(
        ReadOnlySpan<char> text, out int length, [NotNullWhen(true)] out string? value)
    {
        value = null;
        length = 0;
        if (text.IsEmpty || text[0] != '"') return false;

        // RFC 7230 §3.2.6: quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
        // quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )
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

    // RFC 7230 §3.2.6: HTAB, SP, VCHAR and obs-text (%x80-FF), which a decoder may map to any character from U+0080 on.
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
