using System.Net;

namespace Duplex;

/// <summary>
/// Why an attempt failed or a connection ended, and what follows. The same record is in exceptions,
/// <see cref="ReconnectingWebSocket.Changes"/>, logs and metrics. Immutable.
/// </summary>
public sealed record class DisconnectVerdict
{
    /// <summary>How far the connection had come.</summary>
    public required DisconnectPhase Phase { get; init; }

    /// <summary>The number of the connection, from 1; 0 if none was open.</summary>
    public int Epoch { get; init; }

    /// <summary>Which side ended the connection, with both reasons; null if none was open.</summary>
    public CloseResult? Close { get; init; }

    /// <summary>
    /// The error of the attempt, or the one that ended the connection; null if there was none.
    /// </summary>
    public Exception? Error { get; init; }

    /// <summary>The status of the response that refused the handshake; null for none.</summary>
    public HttpStatusCode? StatusCode => (Error as WebSocketHandshakeException)?.StatusCode;

    /// <summary>How long the connection was ready; zero if it never was.</summary>
    public TimeSpan ConnectedFor { get; init; }

    /// <summary>The round trip of the last ping or heartbeat; null if none was answered.</summary>
    public TimeSpan? LastRoundTrip { get; init; }

    /// <summary>What the connection sent and received; null if none was open.</summary>
    public SessionStatistics? Statistics { get; init; }

    /// <summary>Whether to connect again.</summary>
    public bool IsTransient { get; init; }

    /// <summary>The rule that decided <see cref="IsTransient"/>, in words that are fit for a log.</summary>
    public string Why { get; init; } = "";

    /// <summary>The time to the next attempt; null if there is none.</summary>
    public TimeSpan? NextDelay { get; init; }

    /// <summary>What decided <see cref="NextDelay"/>.</summary>
    public DelaySource DelaySource { get; init; }

    /// <summary>Returns the phase, the rule, and the next delay.</summary>
    public override string ToString()
    {
        string next = NextDelay is { } delay
            ? FormattableString.Invariant($"the next attempt is in {delay.TotalSeconds:0.###} s ({DelaySource})")
            : "there is no further attempt";
        return $"{Phase}: {Why}; {next}";
    }
}
