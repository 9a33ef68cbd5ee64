namespace Duplex;

/// <summary>Duplex's framing over any duplex stream, after a handshake by the user's function.</summary>
internal sealed class StreamEngine : ConnectEngine
{
    private readonly Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> _connect;

    public StreamEngine(
        Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> connect,
        ReadOnlySpan<EngineCapability> capabilities)
        : base(new EngineProfile(
            "Stream",
            [
                EngineCapability.WebSocket,
                EngineCapability.ControlFrames,
                EngineCapability.FrameLimits,
                EngineCapability.LenientText,
                .. Checked(capabilities),
            ])) => _connect = connect;

    private protected override async ValueTask<Opened> ConnectAsync(WebSocketRequest request, CancellationToken token)
    {
        Stream? stream = await _connect(request, token).ConfigureAwait(false);
        if (stream is { CanRead: true, CanWrite: true })
            return new Opened(stream, null);
        stream?.Dispose();
        throw new WebSocketHandshakeException(HandshakeRefusals.ConnectGaveNoStream.Failure());
    }

    private protected override void Require(WebSocketRequest asked, WebSocketRequest request)
    {
        base.Require(asked, request);

        if (request.RequireSubprotocol)
            Profile.Require(EngineCapability.Response, "WebSocketRequest.RequireSubprotocol");

        // Subprotocols are offered in a header.
        if (asked.Subprotocols.Count > 0)
            Profile.Require(EngineCapability.RequestHeaders, "WebSocketRequest.Subprotocols, or those of the options,");
    }
}
