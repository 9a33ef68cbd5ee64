using System.Net;

namespace Duplex;

/// <summary>The HTTP versions that a handshake tries, and the errors that mean "not this version here".</summary>
internal static class HttpVersions
{
    /// <summary>
    /// In order. Without TLS nothing negotiates the version, so HTTP/2 is tried there only if it is asked for with
    /// RequestVersionExact or RequestVersionOrHigher.
    /// </summary>
    /// <exception cref="ArgumentException">The policy excludes 1.1 and 2.</exception>
    public static IReadOnlyList<Version> ToTry(Version version, HttpVersionPolicy policy, bool isSecure)
    {
        if (policy == HttpVersionPolicy.RequestVersionExact)
        {
            if (version == HttpVersion.Version11 || version == HttpVersion.Version20)
                return [version];
        }
        else if (policy == HttpVersionPolicy.RequestVersionOrLower)
        {
            if (version >= HttpVersion.Version20 && isSecure)
                return [HttpVersion.Version20, HttpVersion.Version11];
            if (version >= HttpVersion.Version11)
                return [HttpVersion.Version11];
        }
        else if (version <= HttpVersion.Version20)
        {
            // Clients with a default of 2.0 OrHigher are common beside gRPC. Their sessions must open anywhere.
            return isSecure || version == HttpVersion.Version20
                ? [HttpVersion.Version20, HttpVersion.Version11]
                : [HttpVersion.Version11];
        }

        throw new ArgumentException(
            $"A WebSocket session is opened over HTTP/1.1 or HTTP/2, but the request demands HTTP/{version} " +
            $"({policy}). Ask for 1.1 or 2.0, or for a higher one with RequestVersionOrLower.",
            nameof(version));
    }

    /// <summary>
    /// Of an attempt over HTTP/2: whether the server, or a proxy, does not offer WebSockets over it at this address.
    /// </summary>
    public static bool IsHttp2Missing(Exception error, bool isSecure) => error switch
    {
        // The platform marks any failure of TLS as a missing HTTP/2. Another version has the same certificate.
        _ when !OperatingSystem.IsBrowser() && UntrustedCertificateException.Find(error) is not null => false,
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.ExtendedConnectNotSupported or HttpRequestError.VersionNegotiationError,
        } => true,
        HttpRequestException when error.Data["HTTP2_ENABLED"] is false => true, // TLS did not negotiate it
        HttpProtocolException { ErrorCode: 13 } => true, // HTTP_1_1_REQUIRED (RFC 9113 §7)

        // Without TLS, an answer in HTTP/1.1, or none, to the preface of HTTP/2. The last has no code of the platform.
        HttpProtocolException { ErrorCode: 1 } => !isSecure,
        HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } => !isSecure,
        HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: null, StatusCode: null } =>
            !isSecure,
        HttpRequestException or IOException => error.InnerException is { } inner && IsHttp2Missing(inner, isSecure),
        _ => false,
    };
}
