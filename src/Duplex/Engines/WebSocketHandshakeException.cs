using System.Net;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>A handshake failed: no session was opened, and nothing of it is left open.</summary>
/// <remarks>
/// The message says who refused, what came, what was expected, and what to set: docs/handshake-errors.md lists all of them. Of what the server sent it holds the status, <c>Retry-After</c>,
/// and the name of a subprotocol that cannot be taken for a secret; <see cref="Headers"/> and <see cref="BodyPreview"/> have the rest, and are untrusted. So is the text of an inner
/// exception, which is the platform's, and may hold a proxy's address or a malformed header.
/// </remarks>
public sealed class WebSocketHandshakeException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketHandshakeException() : this("The WebSocket handshake failed.") { }

    /// <summary>Creates the exception.</summary>
    public WebSocketHandshakeException(string message) : this(message, innerException: null) { }

    /// <summary>Creates the exception.</summary>
    public WebSocketHandshakeException(string message, Exception? innerException) : this(HandshakeCheck.Transport, message, innerException) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="check">Which check failed.</param>
    /// <param name="message">What was expected, what came, and what to do.</param>
    /// <param name="innerException">The error of the transport, if there was one.</param>
    public WebSocketHandshakeException(HandshakeCheck check, string message, Exception? innerException = null) : base(message, innerException) => Check = check;

    internal WebSocketHandshakeException(HandshakeFailure failure, Exception? innerException = null, HttpStatusCode? status = null) : this(failure.Check, failure.Message, innerException) => StatusCode = status;

    internal WebSocketHandshakeException(HandshakeFailure failure, WebSocketHandshakeResponse response, string? bodyPreview) : base(failure.Message)
    {
        Check = failure.Check;
        StatusCode = response.StatusCode;
        Headers = response.Headers;
        BodyPreview = bodyPreview;
    }

    /// <summary>Which check failed.</summary>
    public HandshakeCheck Check { get; }

    /// <summary>The status of the answer, which with <see cref="HandshakeCheck.Proxy"/> is the proxy's; null if none came.</summary>
    public HttpStatusCode? StatusCode { get; }

    /// <summary>The headers of the answer; null if none came.</summary>
    public HttpResponseHeaders? Headers { get; }

    /// <summary>The beginning of the answer's body, at most 4 KiB; null if there was none.</summary>
    public string? BodyPreview { get; }
}
