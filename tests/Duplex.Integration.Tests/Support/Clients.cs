using System.Net;

namespace Duplex.Tests;

/// <summary>HttpClients with the plugin, which trust the tests' certificate.</summary>
internal static class Clients
{
    public static HttpClient Create(Action<WebSocketsOptions>? configure = null) => new(new WebSocketsHandler(LoopbackCertificate.CreateHandler(), configure));

    /// <summary>One that connects through a proxy.</summary>
    public static HttpClient Through(Uri proxy, Action<WebSocketsOptions>? configure = null, ICredentials? credentials = null)
    {
        SocketsHttpHandler handler = LoopbackCertificate.CreateHandler();
        handler.Proxy = new WebProxy(proxy) { Credentials = credentials };
        return new HttpClient(new WebSocketsHandler(handler, configure));
    }
}
