using System.Globalization;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>Maps a response that opens no session to its row of <see cref="HandshakeRefusals"/>.</summary>
internal static class StatusRefusal
{
    public static async Task<WebSocketHandshakeException> OfAsync(
        HttpResponseMessage response, CancellationToken token)
    {
        HandshakeFailure failure = HandshakeRefusals.ByStatus((int)response.StatusCode).Failure(
            ("status", TransportRefusal.Describe(response.StatusCode)),
            ("expected", HandshakeRefusals.Success(response.Version.Major == 2)));
        string? preview = await BodyPreview.ReadAsync(response.Content, token).ConfigureAwait(false);
        string wait = RetryAfter(response.Headers) is { } when
            ? $" {HandshakeRefusals.RetryAfter.Replace("{wait}", when, StringComparison.Ordinal)}"
            : "";
        string body = string.IsNullOrWhiteSpace(preview) ? "" : $" {HandshakeRefusals.SeeBody}";
        return new WebSocketHandshakeException(
            failure with { Message = failure.Message + wait + body },
            new WebSocketHandshakeResponse(response),
            preview);
    }

    // The parsed value: the text may hold a secret.
    private static string? RetryAfter(HttpResponseHeaders headers) => headers.RetryAfter switch
    {
        { Delta: { } seconds } => $"{HandshakeBounds.Seconds(seconds)} s",
        { Date: { } date } => date.ToString("R", CultureInfo.InvariantCulture),
        _ => null,
    };
}
