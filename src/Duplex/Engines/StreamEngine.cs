namespace Duplex;

/// <summary>Our own framing over any duplex stream, behind whatever handshake the user's function makes on it.</summary>
internal sealed class StreamEngine : ConnectEngine
{
    private readonly Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> _connect;

    public StreamEngine(Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> connect, ReadOnlySpan<EngineCapability> capabilities)
        : base(new EngineProfile("Stream", [EngineCapability.WebSocket, EngineCapability.ControlFrames, EngineCapability.FrameLimits, EngineCapability.LenientText, .. Checked(capabilities)])) => _connect = connect;

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

        // The function gives a stream only, so nothing tells what the server chose.
        if (request.RequireSubprotocol)
            Profile.Require(EngineCapability.Response, "WebSocketRequest.RequireSubprotocol");

        // They travel in a header: a function that sends none offers none.
        if (asked.Subprotocols.Count > 0)
            Profile.Require(EngineCapability.RequestHeaders, "WebSocketRequest.Subprotocols, or those of the options,");
    }
}
