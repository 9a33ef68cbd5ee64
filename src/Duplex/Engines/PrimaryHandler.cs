namespace Duplex;

/// <summary>What can be told of the handler at the bottom of a chain, to explain a failure: it decides none.</summary>
internal static class PrimaryHandler
{
    /// <summary>The bottom of a chain.</summary>
    public static HttpMessageHandler? Of(HttpMessageHandler? handler)
    {
        while (handler is DelegatingHandler outer)
            handler = outer.InnerHandler;
        return handler;
    }

    /// <summary>Whether connections to an address go through a proxy. Of a handler of unknown kind nobody knows.</summary>
    public static bool UsesProxy(HttpMessageHandler? primary, Uri target)
    {
        try
        {
            System.Net.IWebProxy? proxy = primary switch
            {
                SocketsHttpHandler { UseProxy: true } sockets => sockets.Proxy ?? HttpClient.DefaultProxy,
                HttpClientHandler { UseProxy: true } handler => handler.Proxy ?? HttpClient.DefaultProxy,
                _ => null,
            };
            return proxy is not null && !proxy.IsBypassed(target) && proxy.GetProxy(target) is { } through && through != target;
        }
        catch (Exception) // of a proxy of the user's: what it does not say is not worth losing the failure for
        {
            return false;
        }
    }

    /// <summary>Whether it decompresses by itself.</summary>
    public static bool Decompresses(HttpMessageHandler? primary) => primary switch
    {
        SocketsHttpHandler sockets => sockets.AutomaticDecompression != System.Net.DecompressionMethods.None,
        HttpClientHandler handler => handler.AutomaticDecompression != System.Net.DecompressionMethods.None,
        _ => false,
    };
}
