using System.Threading.RateLimiting;

namespace Duplex;

/// <summary>Limits the rate of what a <see cref="ReconnectingWebSocket"/> sends.</summary>
public static class ReconnectingWebSocketOptionsExtensions
{
    /// <summary>
    /// Sets <see cref="ReconnectingWebSocketOptions.RateLimit"/>: each message takes permits from a limiter before it
    /// is sent. Heartbeats and hooks are exempt.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Messages take permits one after the other, in the order of their sends. The permits of a message that could not
    /// be sent are not given back. A <see cref="ConcurrencyLimiter"/> has no effect: its permits are returned at once.
    /// </para>
    /// <para>
    /// A limiter with a queue makes a message wait in it. If it refuses, <paramref name="whenRefused"/> applies. That
    /// wait uses <see cref="StayConnectedOptions.TimeProvider"/>, or the system's clock. The limiter has a clock of its
    /// own. The caller disposes the limiter, after the WebSocket; several may share one.
    /// </para>
    /// </remarks>
    /// <param name="options">The options.</param>
    /// <param name="limiter">The limiter.</param>
    /// <param name="bytesPerPermit">
    /// How many bytes of payload one permit is for, at least one permit a message. Default: null, one permit a message.
    /// </param>
    /// <param name="whenRefused">What a send does if the limiter refuses. Default: it waits and tries again.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is not positive, or undefined.</exception>
    public static void RateLimitBy(
        this ReconnectingWebSocketOptions options,
        RateLimiter limiter,
        int? bytesPerPermit = null,
        RateLimitRefusal whenRefused = RateLimitRefusal.Wait)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(limiter);
        if (bytesPerPermit is { } bytes)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes, nameof(bytesPerPermit));
        if (whenRefused is not (RateLimitRefusal.Wait or RateLimitRefusal.Throw))
        {
            throw new ArgumentOutOfRangeException(
                nameof(whenRefused), whenRefused, $"Expected Wait or Throw; got {whenRefused}.");
        }

        options.RateLimit = new SendRateLimit(options, limiter, bytesPerPermit, whenRefused).WaitAsync;
    }
}
