namespace Duplex;

/// <summary>What decided how long to wait before the next attempt.</summary>
public enum DelaySource
{
    /// <summary>There is no next attempt.</summary>
    None,

    /// <summary>Exponential back-off with full jitter.</summary>
    Backoff,

    /// <summary>The server's <c>Retry-After</c> header.</summary>
    RetryAfter,

    /// <summary>The code of the server's Close, 1012 or 1013.</summary>
    CloseCode,

    /// <summary><see cref="StayConnectedOptions.ServerDelay"/>, for the reason of the server's Close.</summary>
    CloseReason,

    /// <summary>An answer of 401 or 403: one more attempt, with new credentials.</summary>
    Authentication,

    /// <summary>A fatal refusal after a first connection: see <see cref="StayConnectedOptions.FatalGrace"/>.</summary>
    FatalGrace,
}
