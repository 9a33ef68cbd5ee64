namespace Duplex;

/// <summary>Duplex's own framing over an HTTP/1.1 upgrade, which goes through the handlers below the plugin.</summary>
internal sealed class HttpEngine() : WebSocketEngine(EngineProfile.Complete)
{
    internal override Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin,
        HttpRequestMessage marker,
        WebSocketRequest request,
        HandshakeDeadline deadline,
        CancellationToken token) =>
        new HttpUpgrade(this, plugin).SendAsync(marker, request, deadline, token);
}
