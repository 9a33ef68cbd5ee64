namespace Duplex.Protocol;

/// <summary>
/// Decides which subprotocols a message may name. Some programs send a credential as a subprotocol, and messages must
/// not repeat it.
/// </summary>
internal static class NameDisclosure
{
    // The names registered with IANA have 4 to 28 characters, except for one of 55.
    private const int LongestName = 32;

    // The longest run of letters and digits. In registered names it is at most 19, mostly below 10. Keys and tokens
    // have 16 and more.
    private const int LongestWord = 15;

    // Enough to recognize a mistake; a list may have 256 names.
    private const int MostNames = 8;

    private static readonly string[] Suspicious =
        ["auth", "bearer", "jwt", "key", "password", "secret", "session", "token"];

    /// <summary>Returns the received name; only its length if it may be a credential or is not a name.</summary>
    public static string Of(ReadOnlySpan<char> came) =>
        IsHarmless(came) ? $"'{came}'" : $"({came.Length} characters, not shown)";

    /// <summary>
    /// Returns the offered names; only their number if one of them may be a credential, as the short name beside it may
    /// be another one.
    /// </summary>
    public static string OfAll(IReadOnlyList<string> offered)
    {
        if (offered.Count == 0)
            return "none";
        if (!offered.All(name => IsHarmless(name)))
            return $"{offered.Count}, not shown, because one may hold a secret";
        string names = string.Join(", ", offered.Take(MostNames).Select(name => $"'{name}'"));
        return offered.Count <= MostNames ? names : $"{names} and {offered.Count - MostNames} more";
    }

    private static bool IsHarmless(ReadOnlySpan<char> name)
    {
        if (name.Length > LongestName || !HttpGrammar.IsToken(name))
            return false;
        foreach (string word in Suspicious)
        {
            if (name.Contains(word, StringComparison.OrdinalIgnoreCase))
                return false;
        }

        int run = 0;
        foreach (char c in name)
        {
            run = char.IsAsciiLetterOrDigit(c) ? run + 1 : 0;
            if (run > LongestWord)
                return false;
        }

        return true;
    }
}
