using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// The subprotocols in a request's <c>Sec-WebSocket-Protocol</c> header (RFC 6455 §4.1). Names are case-sensitive.
/// Stateless and therefore thread-safe.
/// </summary>
internal static class SubprotocolList
{
    /// <summary>Whether a text can be the name of a subprotocol: it must be a token.</summary>
    // RFC 6455 §4.1: "non-empty strings with characters in the range U+0021 to U+007E not including separator
    // characters".
    public static bool IsValidName([NotNullWhen(true)] string? name) => HttpGrammar.IsToken(name);

    /// <summary>
    /// Parses one header value, by the rules of
    /// <see cref="TryParse(IEnumerable{string}, out IReadOnlyList{string}, out string)"/>.
    /// </summary>
    public static bool TryParse(
        string value, [NotNullWhen(true)] out IReadOnlyList<string>? names, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParse([value], out names, out error);
    }

    /// <summary>
    /// Parses all lines of the header, which form one list. No lines are an empty list. Otherwise the lines must hold
    /// at least one name and at most <see cref="HttpGrammar.MaxListElements"/>. All must be tokens, and no name may
    /// occur twice. The error never repeats any of the value.
    /// </summary>
    public static bool TryParse(
        IEnumerable<string> values,
        [NotNullWhen(true)] out IReadOnlyList<string>? names,
        [NotNullWhen(false)] out string? error)
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

        // RFC 6455 §4.1: "The ABNF for the value of this header field is 1#token": the header has at least one name.
        if (line > 0 && found.Count == 0)
        {
            error = "Expected at least one subprotocol name; the header is empty.";
            return false;
        }

        names = found.AsReadOnly();
        error = null;
        return true;
    }

    /// <summary>Formats a list as one header value.</summary>
    /// <exception cref="ArgumentException">
    /// The list is empty, has a name that is not a token, or has a name twice.
    /// </exception>
    public static string Format(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
        {
            throw new ArgumentException(
                "A Sec-WebSocket-Protocol header names at least one subprotocol; leave the header out to offer none.",
                nameof(names));
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < names.Count; i++)
        {
            if (Expectation(names[i], seen) is { } expectation)
            {
                throw new ArgumentException(
                    $"Subprotocol {i + 1} of {names.Count}: expected {expectation}.", nameof(names));
            }

            seen.Add(names[i]);
        }

        return string.Join(", ", names);
    }

    /// <summary>Returns what the next name should have been, or <see langword="null"/> if it is legal.</summary>
    private static string? Expectation(ReadOnlySpan<char> name, HashSet<string> seen)
    {
        if (!HttpGrammar.IsToken(name))
            return "a subprotocol name, which is a token (letters, digits and !#$%&'*+-.^_`|~)";

        // RFC 6455 §4.1: the elements "MUST all be unique strings".
        if (seen.GetAlternateLookup<ReadOnlySpan<char>>().Contains(name))
            return "a name that the list does not have yet";
        return seen.Count < HttpGrammar.MaxListElements ? null : $"at most {HttpGrammar.MaxListElements} names";
    }
}
