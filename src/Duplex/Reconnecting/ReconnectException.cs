namespace Duplex;

/// <summary>
/// A connection that was to be kept is given up: the last failure was fatal, or the attempts are used up. The
/// <see cref="Exception.InnerException"/> is the last failure's error, if it had one.
/// </summary>
public sealed class ReconnectException : WebSocketException
{
    /// <summary>Creates the exception.</summary>
    public ReconnectException() : this("The connection was given up.") { }

    /// <summary>Creates the exception.</summary>
    public ReconnectException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public ReconnectException(string message, Exception? innerException) : base(message, innerException) { }

    internal ReconnectException(DisconnectVerdict verdict, int attempts)
        : base(
            $"The connection was given up after {attempts} {(attempts == 1 ? "attempt" : "attempts")}: " +
            $"{verdict.Why}. See Verdict.",
            verdict.Error) =>
        (Verdict, Attempts) = (verdict, attempts);

    /// <summary>The last failure; null if the exception was created without one.</summary>
    public DisconnectVerdict? Verdict { get; }

    /// <summary>The number of attempts since the last stable connection, or since the start.</summary>
    public int Attempts { get; }
}
