using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Duplex.Protocol;

/// <summary>
/// An extension and its parameters in a <c>Sec-WebSocket-Extensions</c> header (RFC 6455 §9.1): an offer in a request,
/// an agreement in a response. Immutable.
/// </summary>
public sealed class WebSocketExtensionHeader
{
    /// <summary>Creates an extension with its parameters.</summary>
    /// <param name="name">The extension's name, a token, as in <c>permessage-deflate</c>.</param>
    /// <param name="parameters">Names and values are tokens; a name may recur. The list is copied.</param>
    /// <exception cref="ArgumentException">A name or a value is not a token.</exception>
    public WebSocketExtensionHeader(string name, params IReadOnlyList<WebSocketExtensionParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(parameters);
        if (!HttpGrammar.IsToken(name))
        {
            throw new ArgumentException(
                "An extension's name is a token (letters, digits and !#$%&'*+-.^_`|~); the given one is not.",
                nameof(name));
        }

        WebSocketExtensionParameter[] copy = [.. parameters];
        for (int i = 0; i < copy.Length; i++)
        {
            if (!HttpGrammar.IsToken(copy[i].Name))
            {
                throw new ArgumentException(
                    $"Parameter {i + 1}: its name is not a token (letters, digits and !#$%&'*+-.^_`|~).",
                    nameof(parameters));
            }

            // RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
            if (copy[i].Value is { } value && !HttpGrammar.IsToken(value))
            {
                throw new ArgumentException(
                    $"Parameter {i + 1}: its value is not a token (letters, digits and !#$%&'*+-.^_`|~).",
                    nameof(parameters));
            }
        }

        Name = name;
        Parameters = Array.AsReadOnly(copy);
    }

    /// <summary>The extension's name.</summary>
    public string Name { get; }

    /// <summary>The parameters, in header order.</summary>
    public IReadOnlyList<WebSocketExtensionParameter> Parameters { get; }

    /// <summary>Returns the header form, such as <c>permessage-deflate; client_max_window_bits=12</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Name);
        foreach (WebSocketExtensionParameter parameter in Parameters) text.Append("; ").Append(parameter);
        return text.ToString();
    }

    /// <summary>Formats extensions as one header value; empty for an empty list, for which no header is sent.</summary>
    public static string FormatList(IEnumerable<WebSocketExtensionHeader> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return string.Join(", ", headers);
    }

    /// <summary>
    /// Parses one header value, like
    /// <see cref="TryParseList(IEnumerable{string}, out IReadOnlyList{WebSocketExtensionHeader}, out string)"/>.
    /// </summary>
    public static bool TryParseList(
        string value,
        [NotNullWhen(true)] out IReadOnlyList<WebSocketExtensionHeader>? headers,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParseList([value], out headers, out error);
    }

    /// <summary>Parses all lines of the header as one list; no lines are an empty list.</summary>
    /// <param name="values">The header's values, one for each line.</param>
    /// <param name="headers">On success, the extensions in order.</param>
    /// <param name="error">On failure, what was expected and where, without any of the value.</param>
    /// <returns>
    /// Whether the lines are well-formed and hold at least one extension, and at most
    /// <see cref="HttpGrammar.MaxListElements"/> extensions and parameters together.
    /// </returns>
    public static bool TryParseList(
        IEnumerable<string> values,
        [NotNullWhen(true)] out IReadOnlyList<WebSocketExtensionHeader>? headers,
        [NotNullWhen(false)] out string? error)
    {
        HandshakeLeniencies none = HandshakeLeniencies.None;
        return TryParseList(values, HandshakeStrictness.Strict, ref none, out headers, out error);
    }

    internal static bool TryParseList(
        IEnumerable<string> values,
        HandshakeStrictness strictness,
        ref HandshakeLeniencies leniencies,
        [NotNullWhen(true)] out IReadOnlyList<WebSocketExtensionHeader>? headers,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(values);
        var parser = new WebSocketExtensionHeaderParser(strictness);
        var found = new List<WebSocketExtensionHeader>();
        int line = 0;
        headers = null;

        // RFC 6455 §9.1: "like other HTTP header fields, this header field MAY be split or combined across multiple
        // lines".
        foreach (string value in values)
        {
            line++;
            HttpList list = HttpGrammar.List(value);
            while (list.MoveNext())
            {
                if (!parser.TryRead(list.Current, out string? name, out int position, out string? expectation))
                {
                    error = $"Line {line}, character {list.Position + position + 1}: expected {expectation}.";
                    return false;
                }

                found.Add(new WebSocketExtensionHeader(name, parser.Parameters));
            }
        }

        // RFC 6455 §9.1: extension-list = 1#extension, and §4.2.2: "The empty string is not the same as the null value
        // for these purposes."
        if (line > 0 && found.Count == 0)
        {
            if (strictness == HandshakeStrictness.Strict)
            {
                error = "Expected at least one extension; the header is empty.";
                return false;
            }

            leniencies |= HandshakeLeniencies.EmptyExtensions;
        }

        leniencies |= parser.Leniencies;
        headers = found.AsReadOnly();
        error = null;
        return true;
    }

    /// <summary>Parses one header value.</summary>
    /// <returns>The extensions in order.</returns>
    /// <exception cref="FormatException">The value is malformed; the message says where, without any of it.</exception>
    public static IReadOnlyList<WebSocketExtensionHeader> ParseList(string value) =>
        TryParseList(value, out IReadOnlyList<WebSocketExtensionHeader>? headers, out string? error)
            ? headers
            : throw new FormatException(error);
}
