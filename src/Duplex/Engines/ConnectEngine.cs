using System.Net;

namespace Duplex;

/// <summary>
/// An engine whose connections a user's function opens; the handlers below the plugin are not called.
/// </summary>
internal abstract class ConnectEngine : WebSocketEngine
{
    private protected ConnectEngine(EngineProfile profile) : base(profile) { }

    public static EngineCapability[] Checked(ReadOnlySpan<EngineCapability> capabilities)
    {
        foreach (EngineCapability capability in capabilities)
        {
            if (capability is not (
                EngineCapability.RequestHeaders or EngineCapability.HttpVersion or EngineCapability.LocalSockets))
            {
                throw new ArgumentException(
                    $"A connect function can honour RequestHeaders, HttpVersion and LocalSockets; {capability} does " +
                    "not depend on it. Leave it out.",
                    nameof(capabilities));
            }
        }

        return capabilities.ToArray();
    }

    internal override string Below => $"The connect function of the engine {Name}";

    internal sealed override async Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin,
        HttpRequestMessage marker,
        WebSocketRequest request,
        HandshakeDeadline deadline,
        CancellationToken token)
    {
        WebSocketRequest asked = Merge(plugin, marker, request);
        Require(asked, request);
        EnginePlugin.CheckOffered(request, asked.Subprotocols.Count);
        using var offer = new ExtensionOffer(plugin.ExtensionsFor(request));
        if (offer.Names is [var name, ..])
        {
            Profile.Require(
                EngineCapability.WebSocketExtensions, $"The extension {name}, which is negotiated with the server,");
        }

        var bounds = new HandshakeBounds(
            deadline, Below, static () => HandshakeRefusals.Silent, plugin.Stopping, token);
        return await bounds.RunAsync(plugin.Logger, Log.Describe(asked.Uri!), async any =>
        {
            Opened opened = await HandshakeBounds.WaitAsync(OpenAsync(asked, any), any).ConfigureAwait(false);
            if (EnginePlugin.CheckChosen(request, opened.Subprotocol, [.. asked.Subprotocols]) is { } none)
            {
                opened.Dispose();
                throw new WebSocketHandshakeException(none);
            }

            var requested = new WebSocketHandshakeRequest(
                asked.Uri!, request, asked.Subprotocols, asked.CreatedHeaders);
            offer.TryAccept([], out ExtensionChain? interceptors, out _);
            return new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
            {
                RequestMessage = marker,
                Content = new OpenedContent(new OpenedConnection(
                    opened.Stream,
                    opened.Stream,
                    new WebSocketCall(this, requested, response: null, opened.Subprotocol),
                    interceptors)),
            };
        }).ConfigureAwait(false);
    }

    private protected abstract ValueTask<Opened> ConnectAsync(WebSocketRequest request, CancellationToken token);

    private protected virtual void Require(WebSocketRequest asked, WebSocketRequest request)
    {
        foreach ((string name, _) in asked.CreatedHeaders.NonValidated)
            Profile.Require(EngineCapability.RequestHeaders, $"The request's header {name}");
        if (request.IsVersionSet)
            Profile.Require(EngineCapability.HttpVersion, "WebSocketRequest.Version or VersionPolicy");
    }

    // A copy: handlers may send the marker again, even concurrently, with other headers.
    private static WebSocketRequest Merge(EnginePlugin plugin, HttpRequestMessage marker, WebSocketRequest request)
    {
        HandshakeHeaders.CheckValues(marker.Headers);
        var asked = new WebSocketRequest
        {
            Uri = LocalSocket.Restore(
                WebSocketUri.Resolve(marker.RequestUri, baseAddress: null), request.LocalSocket),
        };
        asked.UseDefaults(request.Version, request.VersionPolicy);
        HandshakeHeaders.Copy(marker.Headers, asked.CreatedHeaders);
        foreach (string subprotocol in plugin.Offered(marker, request))
            asked.Subprotocols.Add(subprotocol);
        foreach ((string name, object? value) in marker.Options)
            ((IDictionary<string, object?>)asked.Options)[name] = value;
        return asked;
    }

    private async Task<Opened> OpenAsync(WebSocketRequest asked, CancellationToken token)
    {
        try
        {
            return await ConnectAsync(asked, token).ConfigureAwait(false);
        }
        catch (Exception e) when (
            e is not (OperationCanceledException or HttpRequestException or IOException or WebSocketHandshakeException))
        {
            // The platform's ClientWebSocket wraps a proxy's error.
            throw TransportRefusal.FindProxys(e) is not null
                ? TransportRefusal.Of(e, throughProxy: true)
                : new WebSocketHandshakeException(HandshakeRefusals.ConnectThrew.Failure(("engine", Name)), e);
        }
    }

    private protected sealed record Opened(Stream Stream, string? Subprotocol) : IDisposable
    {
        public void Dispose() => Stream.Dispose();
    }
}
