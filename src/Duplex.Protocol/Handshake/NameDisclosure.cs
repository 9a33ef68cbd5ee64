namespace Duplex.Protocol;

/// <summary>
/// Decides which subprotocols a message may name. Some programs send a credential as a subprotocol, which no message may repeat.
/// </summary>
internal static class NameDisclosure
{
    // The names that IANA has registered have 4 to 28 characters, but for one of 55.
    private const int LongestName = 32;

    // Letters and digits in a row: of a registered name at most 19, mostly fewer than 10. Keys and tokens have 16 and more.
    private const int LongestWord = 15;

    // Enough to see a mistake; a list may have 256.
    private const int MostNames = 8;

    private static readonly string[] Suspicious = ["auth", "bearer", "jwt", "key", "password", "secret", "session", "token"];

    /// <summary>The name that came; or, where it may be a credential or no name at all, its length.</summary>
    public static string Of(ReadOnlySpan<char> came) => IsHarmless(came) ? $"'{came}'" : $"({came.Length} characters, not shown)";

    /// <summary>The names that were offered; or, where one of them may be a credential, their number: a short name beside a credential may be another one.</summary>
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
