namespace Duplex;

/// <summary>
/// How a <see cref="ReconnectingWebSocket"/> sends a message. The default waits for a ready connection.
/// </summary>
public readonly record struct FeedSendOptions
{
    /// <summary>Fails at once if no connection is ready, instead of waiting for one.</summary>
    public static FeedSendOptions Now { get; } = new() { FailFast = true };

    /// <summary>Whether to fail at once if no connection is ready. Default: false.</summary>
    public bool FailFast { get; init; }

    /// <summary>Sends on the connection of this number only. Default: null, on any.</summary>
    public int? OnlyEpoch { get; init; }

    /// <summary>
    /// How long the message may wait until it is staged; then <see cref="TimeoutException"/> is thrown. Default: null,
    /// indefinitely.
    /// </summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>How the session sends the message.</summary>
    public SendOptions Session { get; init; }

    internal bool Waits => !FailFast && OnlyEpoch is null;
}
