using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>The log of one session: each line has the session's id and its target.</summary>
/// <remarks>Thread-safe. A logger that throws changes nothing.</remarks>
internal sealed class SessionLog(ILogger logger, Uri? target)
{
    // Incremented atomically.
    private static long _last;

    private readonly long _number = Interlocked.Increment(ref _last);

    /// <summary>Formatted on demand: most sessions do not need it.</summary>
    public string Id => _number.ToString(CultureInfo.InvariantCulture);

    private string Target => target is null ? "a stream" : Log.Describe(target);

    public void Opened() => Log.Safely(() =>
    {
        if (logger.IsEnabled(LogLevel.Information))
            Log.SessionOpened(logger, Id, Target);
    });

    /// <summary>A warning if the end was not clean; <paramref name="cause"/> must be fit for a log.</summary>
    public void Ended(CloseResult result, string cause) => Log.Safely(() =>
    {
        LogLevel level = result is { WasClean: true, Error: null } ? LogLevel.Information : LogLevel.Warning;
        if (!logger.IsEnabled(level))
            return;
        string sent = Code(result.Sent), received = Code(result.Received);
        Log.SessionEnded(logger, level, Id, Target, cause, sent, received, result.DiscardedMessages);
    });

    public void ClosedCallbackFailed(Exception exception) => Log.Safely(() =>
    {
        if (logger.IsEnabled(LogLevel.Error))
            Log.ClosedCallbackFailed(logger, Id, Target, exception);
    });

    public void InvalidTextReceived() => Log.OnPool(() =>
    {
        if (logger.IsEnabled(LogLevel.Warning))
            Log.InvalidTextReceived(logger, Id, Target);
    });

    public void IncomingStaysFull(TimeSpan duration) => Log.Safely(() =>
    {
        if (logger.IsEnabled(LogLevel.Warning))
            Log.IncomingStaysFull(logger, Id, Target, (long)duration.TotalSeconds);
    });

    private static string Code(CloseReason? reason) =>
        reason is null ? "none" : ((ushort)reason.Code).ToString(CultureInfo.InvariantCulture);
}
