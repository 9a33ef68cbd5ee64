using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// The subprotocols in a request's <c>Sec-WebSocket-Protocol</c> header (RFC 6455 §4.1), case-sensitive. Thread-safe.
/// </summary>
internal static class SubprotocolList
{
    // RFC 6455 §4.1: "non-empty strings with characters in the range U+0021 to U+007E not including separator
    // characters".
    public static bool IsValidName([NotNullWhen(true)] string? name) => HttpGrammar.IsToken(name);

    public static bool TryParse(
        string value, [NotNullWhen(true)] out IReadOnlyList<string>? names, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParse([value], out names, out error);
    }

    /// <summary>All lines form one list, empty without lines. The error never repeats any of the value.</summary>
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

        // RFC 6455 §4.1: "The ABNF for the value of this header field is 1#token".
        if (line > 0 && found.Count == 0)
        {
            error = "Expected at least one subprotocol name; the header is empty.";
            return false;
        }

        names = found.AsReadOnly();
        error = null;
        return true;
    }

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
