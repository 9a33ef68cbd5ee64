using System.Net;
using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// A chain's bottom handler: makes those that the plugin has of its own, and reads the settings of any, to explain a
/// failure.
/// </summary>
internal static class PrimaryHandler
{
    // Shorter than the idle timeouts of common proxies, which begin at 60 s, and below the pings of sessions.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);

    // Nothing uses a connection of HTTP/2 again after its one session.
    private static readonly TimeSpan UnusedAfter = TimeSpan.FromSeconds(1);

    /// <summary>Does not follow redirects, which would send a handshake's headers to another host.</summary>
    [UnsupportedOSPlatform("browser")]
    public static SocketsHttpHandler ForHandshakes(CookieContainer cookies) => new()
    {
        AllowAutoRedirect = false,
        CookieContainer = cookies,
        EnableMultipleHttp2Connections = true, // a server limits the sessions of one
        PlaintextStreamFilter = TakeableStream.Filter,
        SslOptions = { RemoteCertificateValidationCallback = UntrustedCertificateException.Check },
    };

    /// <summary>
    /// The same for one handshake, whose connection is new: an idle one may lead to the server that has just refused.
    /// </summary>
    [UnsupportedOSPlatform("browser")]
    public static SocketsHttpHandler ForOneHandshake(CookieContainer cookies)
    {
        SocketsHttpHandler handler = ForHandshakes(cookies);
        handler.PooledConnectionIdleTimeout = UnusedAfter;

        // The session may be silent for long, and over HTTP/2 nothing else finds out that its connection is dead.
        handler.KeepAlivePingDelay = PingDelay;
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        return handler;
    }

    public static HttpMessageHandler? Of(HttpMessageHandler? handler)
    {
        while (handler is DelegatingHandler outer)
            handler = outer.InnerHandler;
        return handler;
    }

    /// <summary>False in a browser, which tells a page no proxy.</summary>
    public static bool UsesProxy(HttpMessageHandler? primary, Uri target)
    {
        if (OperatingSystem.IsBrowser() || LocalSocket.IsHost(target.Host))
            return false;
        try
        {
            IWebProxy? proxy = primary switch
            {
                SocketsHttpHandler { UseProxy: true } sockets => sockets.Proxy ?? HttpClient.DefaultProxy,
                HttpClientHandler { UseProxy: true } handler => handler.Proxy ?? HttpClient.DefaultProxy,
                _ => null,
            };
            return proxy is not null
                && !proxy.IsBypassed(target)
                && proxy.GetProxy(target) is { } through
                && through != target;
        }
        catch (Exception) // do not hide the original failure
        {
            return false;
        }
    }

    [UnsupportedOSPlatform("browser")]
    public static bool Decompresses(HttpMessageHandler? primary) => primary switch
    {
        SocketsHttpHandler sockets => sockets.AutomaticDecompression != DecompressionMethods.None,
        HttpClientHandler handler => handler.AutomaticDecompression != DecompressionMethods.None,
        _ => false,
    };
}
