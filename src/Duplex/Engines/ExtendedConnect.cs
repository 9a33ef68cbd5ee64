using System.Net;

namespace Duplex;

/// <summary>
/// The extended CONNECT of HTTP/2 (RFC 8441): the session is one stream of a connection that other sessions and
/// requests share.
/// </summary>
internal sealed class ExtendedConnect : HttpHandshake
{
    public override HttpStatusCode Success => HttpStatusCode.OK;

    public override Stream StreamOf(Stream response, TimeProvider time) => new ExtendedConnectStream(response, time);

    protected override HttpRequestMessage CreateRequest(Uri target)
    {
        var request = new HttpRequestMessage(HttpMethod.Connect, target) { Version = HttpVersion.Version20 };
        request.Headers.Protocol = "websocket";
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", UpgradeRequest.ProtocolVersion);
        return request;
    }
}
