using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>Every message that Duplex logs. None holds a query, user info, a header's value or a payload.</summary>
internal static partial class Log
{
    [LoggerMessage(10, LogLevel.Debug, "WebSocket handshake with {Target} started.")]
    public static partial void HandshakeStarted(ILogger logger, string target);

    [LoggerMessage(11, LogLevel.Information, "WebSocket session with {Target} opened.")]
    public static partial void HandshakeSucceeded(ILogger logger, string target);

    [LoggerMessage(12, LogLevel.Warning, "WebSocket handshake with {Target} was answered with {Status}.")]
    public static partial void HandshakeRejected(ILogger logger, string target, int status);

    [LoggerMessage(13, LogLevel.Warning, "WebSocket handshake with {Target} failed: {Check}.")]
    public static partial void HandshakeFailed(ILogger logger, string target, HandshakeCheck check);

    [LoggerMessage(14, LogLevel.Debug, "WebSocket handshake with {Target} was cancelled.")]
    public static partial void HandshakeCancelled(ILogger logger, string target);

    [LoggerMessage(15, LogLevel.Warning, "WebSocket handshake with {Target} was accepted by HandshakeStrictness.Lenient, against the RFC: {Leniencies}.")]
    public static partial void HandshakeLenient(ILogger logger, string target, HandshakeLeniencies leniencies);

    [LoggerMessage(20, LogLevel.Debug, "WebSocket session ended: begun by {Initiator}, {Code}, clean: {WasClean}, {Discarded} received frames dropped, error: {Error}.")]
    public static partial void SessionEnded(ILogger logger, CloseInitiator initiator, ushort code, bool wasClean, long discarded, string? error);

    [LoggerMessage(21, LogLevel.Error, "A callback registered with a session's Closed token threw.")]
    public static partial void ClosedCallbackFailed(ILogger logger, Exception exception);

    [LoggerMessage(22, LogLevel.Warning, "A text message that is not valid UTF-8 was received and delivered, because TextValidation is Lenient. Further ones of this session are not logged.")]
    public static partial void InvalidTextReceived(ILogger logger);

    /// <summary>Logs on the pool, for callers on the receive loop, which does not wait for a logger.</summary>
    public static void OnPool(Action log) => ThreadPool.UnsafeQueueUserWorkItem(static log => Safely(log), log, preferLocal: false);

    /// <summary>Logs, and goes on if the logger throws: what is told must not change what happens.</summary>
    public static void Safely(Action log)
    {
        try
        {
            log();
        }
        catch (Exception)
        {
            // There is nobody to tell.
        }
    }
}
