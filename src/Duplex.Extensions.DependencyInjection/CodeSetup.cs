namespace Duplex;

/// <summary>Sets a client's options by code.</summary>
/// <param name="client">The client's name; null for all clients.</param>
/// <param name="configure">The code.</param>
internal sealed class CodeSetup(string? client, Action<WebSocketsOptions> configure) : ClientSetup(client)
{
    /// <inheritdoc/>
    protected override void Apply(string name, WebSocketsOptions options) => configure(options);
}
