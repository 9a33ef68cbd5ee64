using System.Globalization;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>The wait that a server asked for with <c>Retry-After</c> (RFC 9110 §10.2.3).</summary>
/// <remarks>
/// A date is measured against the <c>Date</c> of the same response, so that neither our clock nor a time zone matters.
/// </remarks>
internal static class RetryAfter
{
    private const string Name = "Retry-After";

    /// <summary>
    /// The wait, not negative; null if there is no response, no legal header, or a date without a <c>Date</c>.
    /// </summary>
    public static TimeSpan? Of(Exception? error) =>
        ErrorChain.Find<WebSocketHandshakeException>(error)?.Headers is { } headers ? Of(headers) : null;

    private static TimeSpan? Of(HttpResponseHeaders headers)
    {
        // The header is no list. Of several, each may come from another hop.
        if (One(headers, Name) is not { } value)
            return null;

        // RFC 9110 §10.2.3: "delay-seconds = 1*DIGIT", which may be more than any number type holds.
        if (value.Length > 0 && value.All(char.IsAsciiDigit))
        {
            return double.Parse(value, CultureInfo.InvariantCulture) is var seconds && seconds < int.MaxValue
                ? TimeSpan.FromSeconds(seconds)
                : TimeSpan.MaxValue;
        }

        if (DateOf(value) is not { } date || One(headers, "Date") is not { } now || DateOf(now) is not { } sent)
            return null;
        return date > sent ? date - sent : TimeSpan.Zero;
    }

    private static DateTimeOffset? DateOf(string value) =>
        RetryConditionHeaderValue.TryParse(value, out RetryConditionHeaderValue? parsed) ? parsed.Date : null;

    private static string? One(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out HeaderStringValues values) && values.Count == 1
            ? values.ToString().Trim()
            : null;
}
