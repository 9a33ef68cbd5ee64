using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// Parses the extensions of one <c>Sec-WebSocket-Extensions</c> header, one by one, without recursion. Not thread-safe.
/// </summary>
internal sealed class WebSocketExtensionHeaderParser(HandshakeStrictness strictness = HandshakeStrictness.Strict)
{
    // Only touched by the one caller.
    private readonly List<WebSocketExtensionParameter> _parameters = [];
    private int _elements;

    /// <summary>Valid until the next read.</summary>
    public IReadOnlyList<WebSocketExtensionParameter> Parameters => _parameters;

    public HandshakeLeniencies Leniencies { get; private set; }

    public bool TryRead(
        ReadOnlySpan<char> text,
        [NotNullWhen(true)] out string? name,
        out int position,
        [NotNullWhen(false)] out string? expectation)
    {
        position = 0;
        expectation = Read(text, ref position, out name);
        return expectation is null;
    }

    private string? Read(ReadOnlySpan<char> text, ref int position, out string name)
    {
        // RFC 6455 §9.1: extension = extension-token *( ";" extension-param )
        _parameters.Clear();
        if (!TryReadToken(text, ref position, out name)) return "the name of an extension, a token";
        if (++_elements > HttpGrammar.MaxListElements) return TooMany;

        while (position < text.Length)
        {
            if (text[position] != ';') return "a semicolon, a comma or the end";
            Advance(text, ref position);
            if (position == text.Length && strictness == HandshakeStrictness.Lenient)
            {
                Leniencies |= HandshakeLeniencies.TrailingSemicolon;
                break;
            }

            // RFC 6455 §9.1: extension-param = token [ "=" (token | quoted-string) ]
            if (!TryReadToken(text, ref position, out string parameter)) return "the name of a parameter, a token";
            if (++_elements > HttpGrammar.MaxListElements) return TooMany;

            string? value = null;
            if (position < text.Length && text[position] == '=')
            {
                Advance(text, ref position);
                if (ReadValue(text, ref position, out value) is { } expectation) return expectation;
            }

            _parameters.Add(new WebSocketExtensionParameter(parameter, value));
        }

        return null;
    }

    private static string TooMany => $"at most {HttpGrammar.MaxListElements} extensions and parameters";

    private static string? ReadValue(ReadOnlySpan<char> text, ref int position, out string? value)
    {
        if (position == text.Length || text[position] != '"')
        {
            bool read = TryReadToken(text, ref position, out string token);
            value = token;
            return read ? null : "the value of a parameter, a token or a quoted-string";
        }

        if (!HttpGrammar.TryReadQuotedString(text[position..], out int length, out value))
        {
            position += length;
            return position < text.Length
                ? "a character that a quoted-string may hold"
                : "the closing quote of a quoted-string";
        }

        // RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
        if (!HttpGrammar.IsToken(value)) return "a quoted-string whose value is a token";
        position += length;
        SkipWhiteSpace(text, ref position);
        return null;
    }

    private static bool TryReadToken(ReadOnlySpan<char> text, ref int position, out string token)
    {
        int length = HttpGrammar.TokenLength(text[position..]);
        token = text.Slice(position, length).ToString();
        position += length;
        if (length == 0) return false;
        SkipWhiteSpace(text, ref position);
        return true;
    }

    // RFC 6455 §9.1: "this section is using ABNF syntax/rules from [RFC2616], including the "implied *LWS rule"", which
    // allows white space around every separator.
    private static void SkipWhiteSpace(ReadOnlySpan<char> text, ref int position) =>
        position += HttpGrammar.WhiteSpaceLength(text[position..]);

    private static void Advance(ReadOnlySpan<char> text, ref int position)
    {
        position++;
        SkipWhiteSpace(text, ref position);
    }
}
