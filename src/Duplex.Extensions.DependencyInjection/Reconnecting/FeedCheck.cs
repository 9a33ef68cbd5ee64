namespace Duplex;

/// <summary>A health check of a WebSocket that stays connected.</summary>
/// <param name="Name">The name of the WebSocket.</param>
internal sealed record FeedCheck(string Name)
{
    /// <summary>The error if there is no such WebSocket.</summary>
    public InvalidOperationException UnknownName() => new(
        $"A health check has the name '{Name}', and there is no ReconnectingWebSocket of that name. Call " +
        "AddReconnectingWebSocket with it on the services, or correct it.");
}
