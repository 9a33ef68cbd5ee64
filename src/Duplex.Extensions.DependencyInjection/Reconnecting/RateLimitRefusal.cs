namespace Duplex;

/// <summary>What a send does if its rate limiter refuses a permit.</summary>
public enum RateLimitRefusal
{
    /// <summary>It waits as long as the limiter asks for, then tries again.</summary>
    Wait,

    /// <summary>It fails with <see cref="SendRateLimitException"/>.</summary>
    Throw,
}
