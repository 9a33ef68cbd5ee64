namespace Duplex.Tests;

/// <summary>HttpClients with the plugin, which trust the tests' certificate.</summary>
internal static class Clients
{
    public static HttpClient Create(Action<WebSocketsOptions>? configure = null) => new(new WebSocketsHandler(LoopbackCertificate.CreateHandler(), configure));
}
