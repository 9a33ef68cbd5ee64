using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>What may end one attempt of a handshake from outside, and how that is told: only the caller's own token is a cancellation.</summary>
/// <param name="Deadline">When the handshake has taken too long.</param>
/// <param name="Below">Who makes the connection, in the words of an error.</param>
/// <param name="ThroughProxy">Whether it goes through a proxy.</param>
/// <param name="Stopping">Fires when the plugin is disposed.</param>
/// <param name="Token">Whoever else may end the attempt.</param>
internal sealed record HandshakeBounds(HandshakeDeadline Deadline, string Below, Func<bool> ThroughProxy, CancellationToken Stopping, CancellationToken Token)
{
    /// <summary>Runs an attempt within the bounds, and logs how it went.</summary>
    /// <param name="logger">Where to log.</param>
    /// <param name="target">Where the handshake goes, in words fit for a log.</param>
    /// <param name="attempt">The attempt; its token fires with the first of the bounds.</param>
    /// <exception cref="WebSocketHandshakeException">A bound was reached that is not the caller's token.</exception>
    public async Task<HttpResponseMessage> RunAsync(ILogger logger, string target, Func<CancellationToken, Task<HttpResponseMessage>> attempt)
    {
        Log.Safely(() => Log.HandshakeStarted(logger, target));
        using var any = CancellationTokenSource.CreateLinkedTokenSource(Token, Deadline.Token, Stopping);
        try
        {
            HttpResponseMessage answer = await attempt(any.Token).ConfigureAwait(false);
            if (answer.StatusCode == System.Net.HttpStatusCode.SwitchingProtocols)
                Log.Safely(() => Log.HandshakeSucceeded(logger, target));
            else
                Log.Safely(() => Log.HandshakeRejected(logger, target, (int)answer.StatusCode));
            return answer;
        }
        catch (OperationCanceledException) when (Token.IsCancellationRequested)
        {
            Log.Safely(() => Log.HandshakeCancelled(logger, target));
            throw;
        }
        catch (OperationCanceledException e)
        {
            HandshakeFailure failure = Stopping.IsCancellationRequested ? HandshakeRefusals.PluginDisposed.Failure()
                : !Deadline.Token.IsCancellationRequested ? HandshakeRefusals.TimeLimitBelow.Failure(("below", Below))
                : await WhyLateAsync(Deadline, "WebSocketsOptions.HandshakeTimeout", Deadline.Timeout).ConfigureAwait(false)
                ?? (ThroughProxy() ? HandshakeRefusals.SilentThroughProxy : HandshakeRefusals.Silent).Failure(("timeout", Seconds(Deadline.Timeout)));
            Log.Safely(() => Log.HandshakeFailed(logger, target, failure.Check));
            throw new WebSocketHandshakeException(failure, e);
        }
        catch (Exception e)
        {
            // What the transport throws stays what it is: a handler before us may know how to try again.
            HandshakeCheck check = e is WebSocketHandshakeException failure ? failure.Check : HandshakeCheck.Transport;
            Log.Safely(() => Log.HandshakeFailed(logger, target, check));
            throw;
        }
    }

    /// <summary>The failure for a time limit that was reached while this process itself was late; null if it was not.</summary>
    /// <param name="deadline">The handshake's deadline.</param>
    /// <param name="limit">Which limit was reached.</param>
    /// <param name="timeout">How long it is.</param>
    public static async Task<HandshakeFailure?> WhyLateAsync(HandshakeDeadline deadline, string limit, TimeSpan timeout) =>
        await deadline.LatenessAsync().ConfigureAwait(false) is { } late
            ? HandshakeRefusals.ProcessLate.Failure(
                ("limit", limit), ("timeout", Seconds(timeout)), ("late", Seconds(late)), ("pending", ThreadPool.PendingWorkItemCount), ("threads", ThreadPool.ThreadCount))
            : null;

    /// <summary>A time in seconds, for a message.</summary>
    public static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>Waits for something that somebody else makes. One who ignores the token does not hold us up; what he brings too late is thrown away.</summary>
    public static async Task<T> WaitAsync<T>(Task<T> making, CancellationToken token)
        where T : IDisposable
    {
        try
        {
            return await making.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = making.ContinueWith(
                static late =>
                {
                    if (late.IsCompletedSuccessfully)
#pragma warning disable RS0030 // the task has completed: this is its continuation
                        late.Result?.Dispose();
#pragma warning restore RS0030
                    else
                        _ = late.Exception; // seen, so that nobody reports it as forgotten
                },
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }
}
