using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>Every message that Duplex logs. None holds a query, user info, a header's value or a payload.</summary>
internal static partial class Log
{
    [LoggerMessage(20, LogLevel.Debug, "WebSocket session ended: begun by {Initiator}, {Code}, clean: {WasClean}, {Discarded} received frames dropped, error: {Error}.")]
    public static partial void SessionEnded(ILogger logger, CloseInitiator initiator, ushort code, bool wasClean, long discarded, string? error);
}
