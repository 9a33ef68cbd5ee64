namespace Duplex;

/// <summary>A rate limiter refused a message. The message was not sent, and the connection stays open.</summary>
/// <remarks>No <see cref="WebSocketException"/>: neither the peer nor the network failed.</remarks>
public sealed class SendRateLimitException : Exception
{
    /// <summary>Creates the exception.</summary>
    public SendRateLimitException() : this("The rate limiter refused the message.") { }

    /// <summary>Creates the exception with a message.</summary>
    public SendRateLimitException(string message) : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    public SendRateLimitException(string message, Exception? innerException) : base(message, innerException) { }

    /// <summary>After which time the limiter may have permits; null if it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
