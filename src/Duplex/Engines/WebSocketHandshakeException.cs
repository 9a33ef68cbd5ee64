using System.Net;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>Thrown if a handshake fails. No session was opened, and the connection is released.</summary>
/// <remarks>
/// The message says which component refused, what was received and expected, and what to change;
/// docs/handshake-errors.md lists all. From the response it contains only the status, <c>Retry-After</c>, and a
/// subprotocol's name that does not look like a secret. <see cref="Headers"/>, <see cref="BodyPreview"/> and the text
/// of inner exceptions are untrusted; that text may contain a proxy's address or a malformed header.
/// </remarks>
public sealed class WebSocketHandshakeException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public WebSocketHandshakeException() : this("The WebSocket handshake failed.") { }

    /// <summary>Creates the exception.</summary>
    public WebSocketHandshakeException(string message) : this(message, innerException: null) { }

    /// <summary>Creates the exception.</summary>
    public WebSocketHandshakeException(string message, Exception? innerException)
        : this(HandshakeCheck.Transport, message, innerException) { }

    /// <summary>Creates the exception.</summary>
    /// <param name="check">Which check failed.</param>
    /// <param name="message">What was expected and received, and what to do.</param>
    /// <param name="innerException">The transport's error, if there was one.</param>
    public WebSocketHandshakeException(HandshakeCheck check, string message, Exception? innerException = null)
        : base(message, innerException) => Check = check;

    internal WebSocketHandshakeException(
        HandshakeFailure failure, Exception? innerException = null, HttpStatusCode? status = null)
        : this(failure.Check, failure.Message, innerException)
    {
        StatusCode = status;
        Words = WordsOf(failure);
    }

    internal WebSocketHandshakeException(
        HandshakeFailure failure, WebSocketHandshakeResponse response, string? bodyPreview)
        : base(failure.Message)
    {
        Check = failure.Check;
        Words = WordsOf(failure);
        StatusCode = response.StatusCode;
        Headers = response.Headers;
        BodyPreview = bodyPreview;
    }

    /// <summary>Which check failed.</summary>
    public HandshakeCheck Check { get; }

    /// <summary>What a log may say of it. The message of an exception that others made may contain anything.</summary>
    internal string Words { get; } = "see the exception";

    /// <summary>
    /// The status of the response (with <see cref="HandshakeCheck.Proxy"/>, the proxy's); null without one.
    /// </summary>
    public HttpStatusCode? StatusCode { get; }

    /// <summary>The headers of the response; null without a response.</summary>
    public HttpResponseHeaders? Headers { get; }

    /// <summary>The beginning of the response's body, at most 4 KiB; null without one.</summary>
    public string? BodyPreview { get; }

    // The words of an extension are its own.
    private static string WordsOf(HandshakeFailure failure) =>
        failure.Check == HandshakeCheck.Extensions ? "see the exception" : failure.Message;
}
