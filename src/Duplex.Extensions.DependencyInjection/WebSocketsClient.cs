namespace Duplex;

/// <summary>A call of AddWebSockets.</summary>
/// <param name="Name">The client's name; null for all clients.</param>
internal sealed record WebSocketsClient(string? Name);
