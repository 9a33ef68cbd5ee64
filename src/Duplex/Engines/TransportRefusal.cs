using System.Net;

namespace Duplex;

/// <summary>Maps transport exceptions to rows of <see cref="HandshakeRefusals"/>.</summary>
internal static class TransportRefusal
{
    public static WebSocketHandshakeException Of(Exception cause, bool throughProxy, Exception? thrown = null)
    {
        if (!OperatingSystem.IsBrowser() && UntrustedCertificateException.Find(cause) is { } untrusted)
        {
            return new WebSocketHandshakeException(
                HandshakeRefusals.Untrusted.Failure(("reason", untrusted.Reason)), thrown ?? cause);
        }

        HttpRequestException? http = FindProxys(cause) ?? cause as HttpRequestException;
        HandshakeFailure failure = http?.HttpRequestError switch
        {
            HttpRequestError.ProxyTunnelError => Proxy(http),
            HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError when throughProxy =>
                HandshakeRefusals.ProxyUnreachable.Failure(("kind", Kind(http))),
            HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded when throughProxy =>
                HandshakeRefusals.EndedThroughProxy.Failure(("kind", Kind(http))),
            HttpRequestError.ConnectionError => HandshakeRefusals.Unreachable.Failure(("kind", Kind(http))),
            HttpRequestError.NameResolutionError => HandshakeRefusals.UnknownHost.Failure(("kind", Kind(http))),
            HttpRequestError.SecureConnectionError => HandshakeRefusals.NoTls.Failure(("kind", Kind(http))),
            HttpRequestError.InvalidResponse => HandshakeRefusals.NoHttp.Failure(),
            HttpRequestError.ResponseEnded => HandshakeRefusals.Ended.Failure(),

            // The platform's text names the limit and holds no received data.
            HttpRequestError.ConfigurationLimitExceeded => HandshakeRefusals.TooLong.Failure(("reason", http.Message)),
            null or HttpRequestError.Unknown => HandshakeRefusals.Broken.Failure(("kind", "")),
            { } => HandshakeRefusals.Broken.Failure(("kind", $" ({Kind(http)})")),
        };
        return new WebSocketHandshakeException(failure, thrown ?? cause, http?.StatusCode);
    }

    /// <summary>
    /// The kind of a transport's error, with the words of the operating system or of TLS. Safe for logs, which other
    /// messages are not.
    /// </summary>
    public static string Kind(Exception error)
    {
        string kind = error is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http
            ? $"{http.HttpRequestError}"
            : error.GetType().Name;
        return SafeWords.With(kind, error);
    }

    public static HttpRequestException? FindProxys(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } proxys)
                return proxys;
        }

        return null;
    }

    public static string Describe(HttpStatusCode status) =>
        Enum.IsDefined(status) ? $"{(int)status} {status}" : $"{(int)status}";

    // The platform's text for a SOCKS refusal names a code and holds no secret.
    private static HandshakeFailure Proxy(HttpRequestException error) => error.StatusCode is { } status
        ? HandshakeRefusals.ByProxyStatus((int)status).Failure(("status", Describe(status)))
        : HandshakeRefusals.ProxyBreaks.Failure(("reason", error.InnerException?.Message ?? error.Message));
}
