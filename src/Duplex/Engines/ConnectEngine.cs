using System.Net;

namespace Duplex;

/// <summary>
/// An engine whose connections a function of the user's makes. The request is what the client, its defaults and its handlers have made of it; nothing is sent to the handlers below.
/// </summary>
internal abstract class ConnectEngine : WebSocketEngine
{
    private protected ConnectEngine(EngineProfile profile) : base(profile) { }

    /// <summary>Refuses capabilities that no function can add, because they are ours or the transport's.</summary>
    /// <param name="capabilities">What the function honours of a request.</param>
    /// <exception cref="ArgumentException">There is one.</exception>
    public static EngineCapability[] Checked(ReadOnlySpan<EngineCapability> capabilities)
    {
        foreach (EngineCapability capability in capabilities)
        {
            if (capability is not (EngineCapability.RequestHeaders or EngineCapability.HttpVersion))
                throw new ArgumentException($"A connect function can honour RequestHeaders and HttpVersion; {capability} does not depend on it. Leave it out.", nameof(capabilities));
        }

        return capabilities.ToArray();
    }

    internal sealed override string Below => $"The connect function of the engine {Name}";

    internal sealed override async Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin, HttpRequestMessage marker, WebSocketRequest request, HandshakeDeadline deadline, CancellationToken token)
    {
        WebSocketRequest asked = Merge(plugin, marker, request);
        Require(asked, request);
        EnginePlugin.CheckOffered(request, asked.Subprotocols.Count);
        using var offer = new ExtensionOffer(plugin.ExtensionsFor(request));
        if (offer.Names is [var name, ..])
            Profile.Require(EngineCapability.WebSocketExtensions, $"The extension {name}, which is negotiated with the server,");
        var bounds = new HandshakeBounds(deadline, Below, static () => false, plugin.Stopping, token);
        return await bounds.RunAsync(plugin.Logger, Log.Describe(asked.Uri!), async any =>
        {
            Opened opened = await HandshakeBounds.WaitAsync(OpenAsync(asked, any), any).ConfigureAwait(false);
            if (EnginePlugin.CheckChosen(request, opened.Subprotocol, [.. asked.Subprotocols]) is { } none)
            {
                opened.Dispose();
                throw new WebSocketHandshakeException(none);
            }

            var requested = new WebSocketHandshakeRequest(asked.Uri!, request, asked.Subprotocols, asked.Headers);
            offer.TryAccept([], out ExtensionChain? interceptors, out _);
            return new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
            {
                RequestMessage = marker,
                Content = new UpgradedContent(new UpgradedConnection(opened.Stream, opened.Stream, new WebSocketCall(this, requested, response: null, opened.Subprotocol), interceptors)),
            };
        }).ConfigureAwait(false);
    }

    /// <summary>Calls the function, and checks what it gives.</summary>
    private protected abstract ValueTask<Opened> ConnectAsync(WebSocketRequest request, CancellationToken token);

    /// <summary>Refuses what this engine cannot honour of a request.</summary>
    /// <exception cref="NotSupportedException">There is something.</exception>
    private protected virtual void Require(WebSocketRequest asked, WebSocketRequest request)
    {
        foreach ((string name, _) in asked.Headers.NonValidated)
            Profile.Require(EngineCapability.RequestHeaders, $"The request's header {name}");
        if (request.IsVersionSet)
            Profile.Require(EngineCapability.HttpVersion, "WebSocketRequest.Version or VersionPolicy");
    }

    // What the function gets. A copy: handlers may send the marker again, even at once, each time with other headers.
    private static WebSocketRequest Merge(EnginePlugin plugin, HttpRequestMessage marker, WebSocketRequest request)
    {
        HandshakeHeaders.CheckValues(marker.Headers);
        var asked = new WebSocketRequest { Uri = WebSocketUri.Resolve(marker.RequestUri, baseAddress: null), Version = request.Version, VersionPolicy = request.VersionPolicy };
        HandshakeHeaders.Copy(marker.Headers, asked.Headers);
        foreach (string subprotocol in (request.HasSubprotocols ? request.Subprotocols : []).Concat(HandshakeHeaders.Subprotocols(marker.Headers)).Concat(plugin.Subprotocols).Distinct(StringComparer.Ordinal))
            asked.Subprotocols.Add(subprotocol);
        foreach ((string name, object? value) in marker.Options)
            ((IDictionary<string, object?>)asked.Options)[name] = value;
        return asked;
    }

    // Begins on the caller's thread, and makes one exception of whatever the function throws.
    private async Task<Opened> OpenAsync(WebSocketRequest asked, CancellationToken token)
    {
        try
        {
            return await ConnectAsync(asked, token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (OperationCanceledException or HttpRequestException or IOException or WebSocketHandshakeException))
        {
            // The platform's own WebSocket wraps what a proxy answered.
            throw TransportRefusal.FindProxys(e) is not null ? TransportRefusal.Of(e, throughProxy: true) : new WebSocketHandshakeException(HandshakeRefusals.ConnectThrew.Failure(("engine", Name)), e);
        }
    }

    /// <summary>What a function has opened.</summary>
    /// <param name="Stream">The stream of frames, which owns the connection.</param>
    /// <param name="Subprotocol">The subprotocol that the server chose; null for none.</param>
    private protected sealed record Opened(Stream Stream, string? Subprotocol) : IDisposable
    {
        public void Dispose() => Stream.Dispose();
    }
}
