using System.Net;

namespace Duplex;

/// <summary>Which row of <see cref="HandshakeRefusals"/> an exception of the transport belongs to.</summary>
internal static class TransportRefusal
{
    /// <summary>The exception of ours for one of the transport.</summary>
    /// <param name="cause">What the transport threw.</param>
    /// <param name="throughProxy">Whether the connection goes through a proxy.</param>
    /// <param name="thrown">What a handler above has made of it.</param>
    public static WebSocketHandshakeException Of(Exception cause, bool throughProxy, Exception? thrown = null)
    {
        HttpRequestException? http = FindProxys(cause) ?? cause as HttpRequestException;
        HandshakeFailure failure = http?.HttpRequestError switch
        {
            HttpRequestError.ProxyTunnelError => Proxy(http),
            HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError when throughProxy => HandshakeRefusals.ProxyUnreachable.Failure(("kind", http.HttpRequestError)),
            HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded when throughProxy => HandshakeRefusals.EndedThroughProxy.Failure(("kind", http.HttpRequestError)),
            HttpRequestError.ConnectionError => HandshakeRefusals.Unreachable.Failure(),
            HttpRequestError.NameResolutionError => HandshakeRefusals.UnknownHost.Failure(),
            HttpRequestError.SecureConnectionError => HandshakeRefusals.NoTls.Failure(),
            HttpRequestError.InvalidResponse => HandshakeRefusals.NoHttp.Failure(),
            HttpRequestError.ResponseEnded => HandshakeRefusals.Ended.Failure(),

            // The platform's words name the limit, and nothing that came.
            HttpRequestError.ConfigurationLimitExceeded => HandshakeRefusals.TooLong.Failure(("reason", http.Message)),
            null or HttpRequestError.Unknown => HandshakeRefusals.Broken.Failure(("kind", "")),
            { } kind => HandshakeRefusals.Broken.Failure(("kind", $" ({kind})")),
        };
        return new WebSocketHandshakeException(failure, thrown ?? cause, http?.StatusCode);
    }

    /// <summary>The proxy's refusal inside an exception; null if there is none.</summary>
    public static HttpRequestException? FindProxys(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } proxys)
                return proxys;
        }

        return null;
    }

    /// <summary>A status in words.</summary>
    public static string Describe(HttpStatusCode status) => Enum.IsDefined(status) ? $"{(int)status} {status}" : $"{(int)status}";

    // The platform's words for why a SOCKS proxy refuses name a code, and no secret.
    private static HandshakeFailure Proxy(HttpRequestException error) => error.StatusCode is { } status
        ? HandshakeRefusals.ByProxyStatus((int)status).Failure(("status", Describe(status)))
        : HandshakeRefusals.ProxyBreaks.Failure(("reason", error.InnerException?.Message ?? error.Message));
}
