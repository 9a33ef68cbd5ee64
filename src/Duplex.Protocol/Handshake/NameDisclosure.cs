namespace Duplex.Protocol;

/// <summary>Decides which subprotocols a message may name: some programs send a credential as one.</summary>
internal static class NameDisclosure
{
    // The names registered with IANA have 4 to 28 characters, except one of 55.
    private const int LongestName = 32;

    // Letters and digits in a row: at most 19 in registered names, mostly below 10; 16 and more in keys and tokens.
    private const int LongestWord = 15;

    // Enough to recognize a mistake.
    private const int MostNames = 8;

    private static readonly string[] Suspicious =
        ["auth", "bearer", "jwt", "key", "password", "secret", "session", "token"];

    /// <summary>Only the length of what may be a credential.</summary>
    public static string Of(ReadOnlySpan<char> came) =>
        IsHarmless(came) ? $"'{came}'" : $"({came.Length} characters, not shown)";

    /// <summary>Only the number if one may be a credential, as a short name beside it may be another.</summary>
    public static string OfAll(IReadOnlyList<string> offered)
    {
        if (offered.Count == 0)
            return "none";
        if (!offered.All(name => IsHarmless(name)))
            return $"{offered.Count}, not shown, because one may hold a secret";
        string names = string.Join(", ", offered.Take(MostNames).Select(name => $"'{name}'"));
        return offered.Count <= MostNames ? names : $"{names} and {offered.Count - MostNames} more";
    }

    /// <summary>Whether a name cannot be a credential.</summary>
    public static bool IsHarmless(ReadOnlySpan<char> name)
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
