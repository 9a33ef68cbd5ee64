using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Duplex.Testing;

/// <summary>How a server answers a handshake.</summary>
/// <remarks>Set before the connection comes.</remarks>
internal sealed class HandshakePlan
{
    /// <summary>The ways to answer.</summary>
    public enum Way
    {
        /// <summary>Open the connection.</summary>
        Accept,

        /// <summary>Open it with a wrong Sec-WebSocket-Accept; over HTTP/2 with a wrong status.</summary>
        AcceptWrongly,

        /// <summary>Answer with another status.</summary>
        Refuse,

        /// <summary>Answer nothing until the client gives up.</summary>
        Stall,

        /// <summary>Fail as a transport does.</summary>
        Drop,
    }

    public Way How { get; set; }

    public TimeSpan Delay { get; set; }

    /// <summary>Null: the first of the server's own that is offered.</summary>
    public string? Subprotocol { get; set; }

    public Action<HttpResponseHeaders>? Headers { get; set; }

    public HttpStatusCode Status { get; set; }

    public string Body { get; set; } = "";

    public Func<Exception>? Error { get; set; }

    /// <summary>Whether a request asks for a connection (RFC 6455 §4.1; over HTTP/2, RFC 8441 §4).</summary>
    public static bool IsHandshake(HttpRequestMessage request) =>
        request.Headers.Protocol == "websocket"
        || (request.Headers.NonValidated.TryGetValues("Upgrade", out HeaderStringValues upgrade)
            && upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase));

    /// <summary>RFC 6455 §4.2.2, item 5.4: the key and a fixed GUID, hashed.</summary>
    public static string AcceptOf(string key)
    {
#pragma warning disable CA5350 // RFC 6455 demands SHA-1, which protects nothing here
        return Convert.ToBase64String(
            SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
    }

    /// <summary>The subprotocol of the response.</summary>
    public string? Choose(IReadOnlyList<string> offered, IEnumerable<string> own) =>
        Subprotocol ?? own.FirstOrDefault(offered.Contains);

    /// <summary>A response that opens a connection, or one that is wrong in the way of the plan.</summary>
    public HttpResponseMessage Accept(HttpRequestMessage request, Stream stream, string? subprotocol)
    {
        bool isWrong = How == Way.AcceptWrongly;
        var response = new HttpResponseMessage
        {
            RequestMessage = request,
            Version = request.Version,
            Content = new ConnectionContent(stream),
        };
        if (request.Headers.Protocol is not null)
        {
            response.StatusCode = isWrong ? HttpStatusCode.Accepted : HttpStatusCode.OK;
        }
        else
        {
            string key = request.Headers.NonValidated.TryGetValues("Sec-WebSocket-Key", out HeaderStringValues values)
                ? values.ToString()
                : "";
            response.StatusCode = HttpStatusCode.SwitchingProtocols;
            response.Headers.TryAddWithoutValidation("Upgrade", "websocket");
            response.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            response.Headers.TryAddWithoutValidation("Sec-WebSocket-Accept", AcceptOf(isWrong ? key + "?" : key));
        }

        if (subprotocol is not null)
            response.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", subprotocol);
        Headers?.Invoke(response.Headers);
        return response;
    }

    /// <summary>A response that opens nothing.</summary>
    public HttpResponseMessage Refuse(HttpRequestMessage request)
    {
        var response = new HttpResponseMessage(Status)
        {
            RequestMessage = request,
            Version = request.Version,
            Content = new StringContent(Body),
        };
        Headers?.Invoke(response.Headers);
        return response;
    }
}
