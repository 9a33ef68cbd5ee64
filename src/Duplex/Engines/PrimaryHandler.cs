using System.Runtime.Versioning;

namespace Duplex;

/// <summary>Reads the settings of a chain's bottom handler, to explain a failure.</summary>
internal static class PrimaryHandler
{
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
            System.Net.IWebProxy? proxy = primary switch
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
        SocketsHttpHandler sockets => sockets.AutomaticDecompression != System.Net.DecompressionMethods.None,
        HttpClientHandler handler => handler.AutomaticDecompression != System.Net.DecompressionMethods.None,
        _ => false,
    };
}
