using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>
/// Everything that Duplex logs. Event ids and names in braces are a contract. No message has a query, user info, a
/// header value or a payload. Of the peer it has the text of its Close, escaped, and the name of a subprotocol that
/// cannot be a credential.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(10, LogLevel.Debug, "WebSocket handshake with {Target} started.")]
    public static partial void HandshakeStarted(ILogger logger, string target);

    [LoggerMessage(12, LogLevel.Warning, "WebSocket handshake with {Target} was answered with {Status}.")]
    public static partial void HandshakeRejected(ILogger logger, string target, int status);

    [LoggerMessage(13, LogLevel.Warning, "WebSocket handshake with {Target} failed ({Check}): {Cause}")]
    public static partial void HandshakeFailed(ILogger logger, string target, HandshakeCheck check, string cause);

    [LoggerMessage(14, LogLevel.Debug, "WebSocket handshake with {Target} was cancelled.")]
    public static partial void HandshakeCancelled(ILogger logger, string target);

    [LoggerMessage(15, LogLevel.Debug, "WebSocket handshake with {Target} succeeded.")]
    public static partial void HandshakeSucceeded(ILogger logger, string target);

    [LoggerMessage(
        16, LogLevel.Warning,
        "WebSocket handshake with {Target} was accepted by HandshakeStrictness.Lenient, against the RFC: " +
        "{Leniencies}.")]
    public static partial void HandshakeLenient(ILogger logger, string target, HandshakeLeniencies leniencies);

    [LoggerMessage(
        17, LogLevel.Debug,
        "WebSocket handshake with {Target}: no WebSockets over HTTP/2 there, so HTTP/1.1 is tried.")]
    public static partial void HandshakeFellBack(ILogger logger, string target);

    [LoggerMessage(11, LogLevel.Information, "WebSocket session {Session} with {Target} opened.")]
    public static partial void SessionOpened(ILogger logger, string session, string target);

    [LoggerMessage(
        EventId = 20,
        Message = "WebSocket session {Session} with {Target} ended: {Cause}. Sent close code {Sent}, received " +
            "{Received}, {Discarded} received messages discarded. The last byte was received {Silence} s before, the " +
            "last ping round trip was {RoundTrip}.")]
    public static partial void SessionEnded(
        ILogger logger, LogLevel level, string session, string target, string cause, string sent, string received,
        long discarded, string silence, string roundTrip);

    [LoggerMessage(24, LogLevel.Debug, "WebSocket session {Session} with {Target}: ping sent.")]
    public static partial void PingSent(ILogger logger, string session, string target);

    [LoggerMessage(
        25, LogLevel.Debug, "WebSocket session {Session} with {Target}: pong received after {Milliseconds} ms.")]
    public static partial void PongReceived(ILogger logger, string session, string target, double milliseconds);

    [LoggerMessage(
        21, LogLevel.Error,
        "A callback registered with the Closed token of WebSocket session {Session} with {Target} threw.")]
    public static partial void ClosedCallbackFailed(ILogger logger, string session, string target, Exception exception);

    [LoggerMessage(
        22, LogLevel.Warning,
        "WebSocket session {Session} with {Target}: a text message that is not valid UTF-8 was received and " +
        "delivered, because TextValidation is Lenient. " +
        "Further ones of this session are not logged.")]
    public static partial void InvalidTextReceived(ILogger logger, string session, string target);

    [LoggerMessage(
        23, LogLevel.Warning,
        "WebSocket session {Session} with {Target}: the incoming queue has been full for {Seconds} s. Nothing is " +
        "read, and no ping of the peer answered, until messages are received: " +
        "receive faster, or raise WebSocketsOptions.Channels.Incoming.")]
    public static partial void IncomingStaysFull(ILogger logger, string session, string target, long seconds);

    [LoggerMessage(30, LogLevel.Information, "Connection {Name} to {Target} is ready, number {Epoch}.")]
    public static partial void ConnectionReady(ILogger logger, string name, string target, int epoch);

    [LoggerMessage(
        31, LogLevel.Warning,
        "Connection {Name} to {Target} was lost ({Phase}): {Why}. The next attempt is in {Delay} s.")]
    public static partial void ConnectionLost(
        ILogger logger, string name, string target, string phase, string why, double delay);

    [LoggerMessage(32, LogLevel.Error, "Connection {Name} to {Target} is given up ({Phase}): {Why}.")]
    public static partial void ConnectionGivenUp(
        ILogger logger, string name, string target, string phase, string why);

    [LoggerMessage(33, LogLevel.Information, "Connection {Name} to {Target} was rotated, to number {Epoch}.")]
    public static partial void ConnectionRotated(ILogger logger, string name, string target, int epoch);

    [LoggerMessage(
        35, LogLevel.Warning,
        "Connection {Name} to {Target} could not be rotated ({Phase}): {Why}. It stays in use; the next attempt is " +
        "in {Delay} s.")]
    public static partial void RotationFailed(
        ILogger logger, string name, string target, string phase, string why, double delay);

    [LoggerMessage(34, LogLevel.Error, "Connection {Name} to {Target}: the function {Hook} failed.")]
    public static partial void HookFailed(
        ILogger logger, string name, string target, string hook, Exception exception);

    /// <summary>Without query and user info, which may be secrets.</summary>
    public static string Describe(Uri target) =>
        target.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>For the receive loop, which must not wait for a logger.</summary>
    public static void OnPool(Action log) =>
        ThreadPool.UnsafeQueueUserWorkItem(static log => Safely(log), log, preferLocal: false);

    /// <summary>Ignores exceptions: logging must not change what happens.</summary>
    public static void Safely(Action log)
    {
        try
        {
            log();
        }
        catch (Exception)
        {
            // There is no other log to report it to.
        }
    }
}
