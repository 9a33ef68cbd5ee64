using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// The list of subprotocols in a request's <c>Sec-WebSocket-Protocol</c> header (RFC 6455 §4.1). Names are case-sensitive. Thread-safe: it holds no state.
/// </summary>
internal static class SubprotocolList
{
    /// <summary>Whether a text can name a subprotocol: it must be a token.</summary>
    // RFC 6455 §4.1: "non-empty strings with characters in the range U+0021 to U+007E not including separator characters".
    public static bool IsValidName([NotNullWhen(true)] string? name) => HttpGrammar.IsToken(name);

    /// <summary>Parses one header value.</summary>
    /// <param name="value">The value, one or more names parted by commas.</param>
    /// <param name="names">The names in order of preference, if all is well.</param>
    /// <param name="error">Otherwise what was expected and where. It never repeats any of the value.</param>
    /// <returns>Whether the value is well-formed, as <see cref="TryParse(IEnumerable{string}, out IReadOnlyList{string}, out string)"/> has it.</returns>
    public static bool TryParse(string value, [NotNullWhen(true)] out IReadOnlyList<string>? names, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParse([value], out names, out error);
    }

    /// <summary>Parses all lines of the header, which together are one list; no line at all is an empty list.</summary>
    /// <param name="values">The header's values, one for each line.</param>
    /// <param name="names">The names in order of preference, if all is well.</param>
    /// <param name="error">Otherwise what was expected and where. It never repeats any of the value.</param>
    /// <returns>
    /// Whether the header is well-formed: at least one name in its lines, at most <see cref="HttpGrammar.MaxListElements"/>, all of them tokens, none twice.
    /// </returns>
    public static bool TryParse(
        IEnumerable<string> values, [NotNullWhen(true)] out IReadOnlyList<string>? names, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(values);
        var found = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int line = 0;
        names = null;

        foreach (string value in values)
        {
            line++;
            HttpList list = HttpGrammar.List(value);
            while (list.MoveNext())
            {
                error = Expectation(list.Current, seen);
                if (error is not null)
                {
                    error = $"Line {line}, character {list.Position + 1}: expected {error}.";
                    return false;
                }

                string name = list.Current.ToString();
                seen.Add(name);
                found.Add(name);
            }
        }

        // RFC 6455 §4.1: "The ABNF for the value of this header field is 1#token": a header that is there names at least one.
        if (line > 0 && found.Count == 0)
        {
            error = "Expected at least one subprotocol name; the header is empty.";
            return false;
        }

        names = found.AsReadOnly();
        error = null;
        return true;
    }

    /// <summary>Writes a list as one header value.</summary>
    /// <param name="names">The names in order of preference: at least one, all tokens, all different.</param>
    /// <exception cref="ArgumentException">The list is empty, has a name that is not a token, or has a name twice.</exception>
    public static string Format(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
            throw new ArgumentException("A Sec-WebSocket-Protocol header names at least one subprotocol; leave the header out to offer none.", nameof(names));

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < names.Count; i++)
        {
            if (Expectation(names[i], seen) is { } expectation)
                throw new ArgumentException($"Subprotocol {i + 1} of {names.Count}: expected {expectation}.", nameof(names));
            seen.Add(names[i]);
        }

        return string.Join(", ", names);
    }

    /// <summary>What the next name of a list should have been, or <see langword="null"/> if it is well.</summary>
    private static string? Expectation(ReadOnlySpan<char> name, HashSet<string> seen)
    {
        if (!HttpGrammar.IsToken(name)) return "a subprotocol name, which is a token (letters, digits and !#$%&'*+-.^_`|~)";

        // RFC 6455 §4.1: the elements "MUST all be unique strings".
        if (seen.GetAlternateLookup<ReadOnlySpan<char>>().Contains(name)) return "a name that the list does not have yet";
        return seen.Count < HttpGrammar.MaxListElements ? null : $"at most {HttpGrammar.MaxListElements} names";
    }
}
