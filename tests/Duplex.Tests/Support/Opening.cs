namespace Duplex.Tests;

/// <summary>Opens a connection for a request that a test configures.</summary>
internal static class Opening
{
    public static Task<(OpenedConnection Connection, WebSocketsOptions Options)> ConnectAsync(HttpClient client, Uri? uri, Action<WebSocketRequest>? configure, CancellationToken token)
    {
        var request = new WebSocketRequest { Uri = uri };
        request.UseDefaults(client.DefaultRequestVersion, client.DefaultVersionPolicy);
        configure?.Invoke(request);
        return HandshakeClient.ConnectAsync(client, request, reached: null, token);
    }
}
