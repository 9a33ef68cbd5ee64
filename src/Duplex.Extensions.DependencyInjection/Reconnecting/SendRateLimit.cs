using System.Threading.RateLimiting;

namespace Duplex;

/// <summary>Takes permits from a rate limiter for messages, one message at a time.</summary>
/// <param name="options">Whose clock is used, as it is at a wait.</param>
/// <param name="limiter">The limiter, which is the caller's.</param>
/// <param name="bytesPerPermit">Null for one permit a message.</param>
/// <param name="refusal">What to do if the limiter refuses.</param>
internal sealed class SendRateLimit(
    ReconnectingWebSocketOptions options, RateLimiter limiter, int? bytesPerPermit, RateLimitRefusal refusal)
{
    // For limiters that do not say when to try again. Shorter than a person notices, longer than busy waiting.
    private static readonly TimeSpan DefaultWait = TimeSpan.FromMilliseconds(100);

    // A limiter that asks for no wait must not make a busy loop: this is the resolution of timers.
    private static readonly TimeSpan MinWait = TimeSpan.FromMilliseconds(1);

    // Timers cannot wait for longer than 49 days. Then the limiter is asked again.
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(1);

    /// <summary>Completes when the limiter has given the permits of a message.</summary>
    /// <param name="bytes">The length of the message.</param>
    /// <param name="token">Cancels the wait.</param>
    /// <exception cref="SendRateLimitException">
    /// The limiter refused, or never gives so many permits. The message must not be sent.
    /// </exception>
    public async ValueTask WaitAsync(int bytes, CancellationToken token)
    {
        int permits = bytesPerPermit is { } size ? Math.Max(1, (int)(((long)bytes + size - 1) / size)) : 1;
        while (true)
        {
            (bool isGiven, TimeSpan? retryAfter) = await TryTakeAsync(permits, token).ConfigureAwait(false);
            if (isGiven)
                return;
            if (refusal == RateLimitRefusal.Throw)
            {
                throw new SendRateLimitException("The rate limiter refused the message. It was not sent.")
                {
                    RetryAfter = retryAfter,
                };
            }

            TimeSpan wait = retryAfter ?? DefaultWait;
            wait = wait < MinWait ? MinWait : wait > MaxWait ? MaxWait : wait;
            await Task.Delay(wait, options.TimeProvider ?? TimeProvider.System, token).ConfigureAwait(false);
        }
    }

    private async ValueTask<(bool IsGiven, TimeSpan? RetryAfter)> TryTakeAsync(int permits, CancellationToken token)
    {
        try
        {
            using RateLimitLease lease = await limiter.AcquireAsync(permits, token).ConfigureAwait(false);
            return (
                lease.IsAcquired,
                lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan retryAfter) ? retryAfter : null);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new SendRateLimitException(
                $"The message needs {permits} permits, and the rate limiter never has so many. It was not sent. " +
                "Raise the limiter's limit or bytesPerPermit.",
                e);
        }
    }
}
