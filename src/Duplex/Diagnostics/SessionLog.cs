using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>The log of one session: each line has the session's id and its target.</summary>
/// <remarks>Thread-safe. A logger that throws changes nothing.</remarks>
/// <param name="logger">Where to log.</param>
/// <param name="target">The address of the server; null for a session over a user's stream.</param>
internal sealed class SessionLog(ILogger logger, Uri? target)
{
    // Incremented atomically by each new session.
    private static long _last;

    private readonly long _number = Interlocked.Increment(ref _last);

    /// <summary>
    /// The session's number in this process, as text. Created on demand: most sessions do not need it.
    /// </summary>
    public string Id => _number.ToString(CultureInfo.InvariantCulture);

    private string Target => target is null ? "a stream" : Log.Describe(target);

    /// <summary>The session is open.</summary>
    public void Opened() => Log.Safely(() =>
    {
        if (logger.IsEnabled(LogLevel.Information))
            Log.SessionOpened(logger, Id, Target);
    });

    /// <summary>The session has ended. Where that was not clean, or an error began it, the line is a warning.</summary>
    /// <param name="result">How it ended.</param>
    /// <param name="cause">The same in words fit for a log.</param>
    public void Ended(CloseResult result, string cause) => Log.Safely(() =>
    {
        LogLevel level = result is { WasClean: true, Error: null } ? LogLevel.Information : LogLevel.Warning;
        if (!logger.IsEnabled(level))
            return;
        string sent = Code(result.Sent), received = Code(result.Received);
        Log.SessionEnded(logger, level, Id, Target, cause, sent, received, result.DiscardedMessages);
    });

    /// <summary>A callback of the session's token threw.</summary>
    public void ClosedCallbackFailed(Exception exception) => Log.Safely(() =>
    {
        if (logger.IsEnabled(LogLevel.Error))
            Log.ClosedCallbackFailed(logger, Id, Target, exception);
    });

    /// <summary>
    /// A text that is not valid UTF-8 was delivered. From the receive loop, which does not wait for a logger.
    /// </summary>
    public void InvalidTextReceived() => Log.OnPool(() =>
    {
        if (logger.IsEnabled(LogLevel.Warning))
            Log.InvalidTextReceived(logger, Id, Target);
    });

    /// <summary>The incoming queue stays full.</summary>
    /// <param name="duration">For how long it has been seen to.</param>
    public void IncomingStaysFull(TimeSpan duration) => Log.Safely(() =>
    {
        if (logger.IsEnabled(LogLevel.Warning))
            Log.IncomingStaysFull(logger, Id, Target, (long)duration.TotalSeconds);
    });

    private static string Code(CloseReason? reason) =>
        reason is null ? "none" : ((ushort)reason.Code).ToString(CultureInfo.InvariantCulture);
}
