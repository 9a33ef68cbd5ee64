using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Duplex;

/// <summary>The HTTP/1.1 upgrade: one real request for a session, and every check of its answer (RFC 6455 §4.1).</summary>
internal static class HttpUpgrade
{
    /// <summary>How much of an error's body is kept: a page of text, whatever a server may send.</summary>
    public const int MaxBodyPreview = 4096;

    /// <summary>Makes the request. Each has a key of its own, so that a request which a handler repeats is a new handshake.</summary>
    public static HttpRequestMessage CreateRequest(HttpRequestMessage marker, IReadOnlyList<string> subprotocols, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, WebSocketUri.Resolve(marker.RequestUri, baseAddress: null))
        {
            // "OrHigher" or an HTTP/2 version would be an ordinary GET over HTTP/2 where the server speaks it.
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        HandshakeHeaders.Copy(marker.Headers, request.Headers);
        foreach ((string name, object? value) in marker.Options)
            ((IDictionary<string, object?>)request.Options)[name] = value;

        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", key);
        if (subprotocols.Count > 0)
            request.Headers.TryAddWithoutValidation(HandshakeHeaders.Protocol, SubprotocolList.Format(subprotocols));
        return request;
    }

    /// <summary>Checks an answer with status 101.</summary>
    /// <exception cref="WebSocketHandshakeException">A check failed.</exception>
    public static HandshakeAgreement Check(HttpRequestMessage request, HttpResponseMessage response, IReadOnlyList<string> subprotocols, string key)
    {
        var answer = new WebSocketHandshakeResponse(response);
        if (response.RequestMessage?.RequestUri is { } asked && asked != request.RequestUri)
        {
            var redirected = new HandshakeFailure(
                HandshakeCheck.Status,
                "The handler below WebSocketsHandler sent the handshake somewhere else than it was told, as one that follows redirects does. A handshake must not follow them: turn that off there.");
            throw new WebSocketHandshakeException(redirected, answer, bodyPreview: null);
        }

        var rules = new UpgradeResponse
        {
            StatusCode = (int)response.StatusCode,
            HttpVersion = response.Version,
            Upgrade = Values(response.Headers, "Upgrade"),
            Connection = Values(response.Headers, "Connection"),
            SecWebSocketAccept = Values(response.Headers, "Sec-WebSocket-Accept"),
            SecWebSocketProtocol = Values(response.Headers, HandshakeHeaders.Protocol),
            SecWebSocketExtensions = Values(response.Headers, "Sec-WebSocket-Extensions"),
        };
        return rules.TryAccept(key, subprotocols, [], out HandshakeAgreement? agreement, out HandshakeFailure? failure)
            ? agreement
            : throw new WebSocketHandshakeException(failure, answer, bodyPreview: null);
    }

    /// <summary>The exception for an answer with another status, with the beginning of its body.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="token">Ends the reading of the body, not the rest.</param>
    public static async Task<WebSocketHandshakeException> RejectionAsync(HttpResponseMessage response, CancellationToken token)
    {
        int status = (int)response.StatusCode;
        var failure = new HandshakeFailure(HandshakeCheck.Status, $"The server answered the WebSocket handshake with {status} {response.StatusCode} where 101 Switching Protocols was expected.");
        return new WebSocketHandshakeException(failure, new WebSocketHandshakeResponse(response), await ReadPreviewAsync(response.Content, token).ConfigureAwait(false));
    }

    private static async Task<string?> ReadPreviewAsync(HttpContent content, CancellationToken token)
    {
        byte[] preview = new byte[MaxBodyPreview];
        int length = 0;
        try
        {
            Stream body = await content.ReadAsStreamAsync(token).ConfigureAwait(false);
            int read;
            while (length < preview.Length && (read = await body.ReadAsync(preview.AsMemory(length), token).ConfigureAwait(false)) > 0)
                length += read;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // The status tells enough; the body is an extra.
        }

        return length == 0 ? null : Encoding.UTF8.GetString(preview, 0, length);
    }

    private static string[] Values(HttpResponseHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? [.. values] : [];
}
