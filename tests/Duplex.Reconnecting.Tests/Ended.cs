using System.Globalization;
using System.Net;

namespace Duplex.Tests;

/// <summary>Verdicts without a decision, as the policy gets them.</summary>
internal static class Ended
{
    /// <summary>An attempt that failed while it connected.</summary>
    public static DisconnectVerdict Failed(Exception? error = null) => new() { Phase = DisconnectPhase.Connecting, Error = error ?? new IOException() };

    /// <summary>An attempt that the server refused.</summary>
    public static DisconnectVerdict Refused(int status, params (string Name, string Value)[] headers) => Failed(Refusal(status, headers));

    /// <summary>An attempt that failed a check of the handshake.</summary>
    public static DisconnectVerdict Failed(HandshakeCheck check, Exception? inner = null) => Failed(new WebSocketHandshakeException(check, "words of a peer", inner));

    /// <summary>A ready connection that ended.</summary>
    public static DisconnectVerdict Ready(TimeSpan connectedFor, CloseResult? close = null) => new()
    {
        Phase = DisconnectPhase.Ready,
        ConnectedFor = connectedFor,
        Close = close ?? new CloseResult { Error = new IOException() },
    };

    /// <summary>The peer ended the connection.</summary>
    public static CloseResult ByPeer(int code, string message = "") => new()
    {
        Initiator = CloseInitiator.Remote,
        Received = new CloseReason(code, message),
        Sent = new CloseReason(code),
        WasClean = true,
    };

    /// <summary>We ended the connection, and the peer echoed the code.</summary>
    public static CloseResult ByUs(int code, Exception? error = null) => new()
    {
        Initiator = CloseInitiator.Local,
        Sent = new CloseReason(code),
        Received = new CloseReason(code),
        WasClean = true,
        Error = error,
    };

    public static WebSocketHandshakeException Refusal(int status, params (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status);
        foreach ((string name, string value) in headers)
            Assert.True(response.Headers.TryAddWithoutValidation(name, value), name);
        HandshakeFailure failure = HandshakeRefusals.ByStatus(status).Failure(("status", status.ToString(CultureInfo.InvariantCulture)), ("expected", ""));
        return new WebSocketHandshakeException(failure, new WebSocketHandshakeResponse(response), bodyPreview: null);
    }

    public static WebSocketHandshakeException ByProxy(int? status) => new(
        status is null ? HandshakeRefusals.ProxyUnreachable.Failure(("kind", "")) : HandshakeRefusals.ByProxyStatus(status.Value).Failure(("status", "")),
        new HttpRequestException(),
        (HttpStatusCode?)status);
}
