namespace Duplex;

/// <summary>A call of AddReconnectingWebSocket.</summary>
/// <param name="Name">The key, and the name of the client.</param>
/// <param name="Url">The URL, which may be relative.</param>
/// <param name="Configure">Sets the options.</param>
/// <param name="StartsWithHost">Whether the host starts it.</param>
internal sealed record FeedRegistration(
    string Name, string Url, Action<IServiceProvider, ReconnectingWebSocketOptions> Configure, bool StartsWithHost);
