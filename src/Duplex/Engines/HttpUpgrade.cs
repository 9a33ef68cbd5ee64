using System.Net;

namespace Duplex;

/// <summary>The upgrade of an HTTP/1.1 connection (RFC 6455 §4.1).</summary>
internal sealed class HttpUpgrade : HttpHandshake
{
    public override HttpStatusCode Success => HttpStatusCode.SwitchingProtocols;

    /// <summary>RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection."</summary>
    protected override string Key { get; } = HandshakeKey.Generate();

    protected override HttpRequestMessage CreateRequest(Uri target)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, target) { Version = HttpVersion.Version11 };

        // RFC 6455 §4.1, requirements 5 to 10.
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", UpgradeRequest.ProtocolVersion);
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", Key);
        return request;
    }
}
