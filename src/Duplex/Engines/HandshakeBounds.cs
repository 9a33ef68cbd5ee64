using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>The limits of one handshake attempt. Only the caller's own token cancels.</summary>
internal sealed record HandshakeBounds(
    HandshakeDeadline Deadline,
    string Below,
    Func<HandshakeRefusal> Silent,
    CancellationToken Stopping,
    CancellationToken Token)
{
    public async Task<HttpResponseMessage> RunAsync(
        ILogger logger, string target, Func<CancellationToken, Task<HttpResponseMessage>> attempt)
    {
        Log.Safely(() => Log.HandshakeStarted(logger, target));
        using var any = CancellationTokenSource.CreateLinkedTokenSource(Token, Deadline.Token, Stopping);
        bool isLate = Deadline.Token.IsCancellationRequested;
        try
        {
            HttpResponseMessage answer = await attempt(any.Token).ConfigureAwait(false);
            if (answer.Content is OpenedContent)
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
                : isLate ? HandshakeRefusals.LateAbove.Failure(("timeout", Seconds(Deadline.Timeout)))
                : await WhyLateAsync(Deadline, "WebSocketsOptions.HandshakeTimeout", Deadline.Timeout)
                    .ConfigureAwait(false)
                ?? Silent().Failure(("timeout", Seconds(Deadline.Timeout)));
            Log.Safely(() => Log.HandshakeFailed(logger, target, failure.Check, failure.Message));
            throw new WebSocketHandshakeException(failure, e);
        }
        catch (Exception e)
        {
            // Transport exceptions pass unchanged: a handler above may know how to retry.
            (HandshakeCheck check, string cause) = e is WebSocketHandshakeException failure
                ? (failure.Check, failure.Words)
                : (HandshakeCheck.Transport, TransportRefusal.Kind(e));
            Log.Safely(() => Log.HandshakeFailed(logger, target, check, cause));
            throw;
        }
    }

    public static async Task<HandshakeFailure?> WhyLateAsync(
        HandshakeDeadline deadline, string limit, TimeSpan timeout) =>
        await deadline.LatenessAsync().ConfigureAwait(false) is { } late
            ? HandshakeRefusals.ProcessLate.Failure(
                ("limit", limit),
                ("timeout", Seconds(timeout)),
                ("late", Seconds(late)),
                ("pending", ThreadPool.PendingWorkItemCount),
                ("threads", ThreadPool.ThreadCount))
            : null;

    public static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>Abandons other code's task on cancellation, and disposes its late result.</summary>
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
                        _ = late.Exception; // observed
                },
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }
}
