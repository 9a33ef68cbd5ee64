using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>What one call of AddWebSockets sets, whenever options are created.</summary>
/// <param name="client">The client's name; null for all clients.</param>
internal abstract class ClientSetup(string? client) : IConfigureNamedOptions<WebSocketsOptions>
{
    /// <summary>Whether it is for all clients, so that a client's own come later.</summary>
    public bool IsDefault => client is null;

    /// <summary>Whether it is for the client of that name.</summary>
    public bool AppliesTo(string? name) => client is null || client == name;

    /// <inheritdoc/>
    public void Configure(WebSocketsOptions options) => Configure(Options.DefaultName, options);

    /// <inheritdoc/>
    public void Configure(string? name, WebSocketsOptions options)
    {
        if (AppliesTo(name))
            Apply(name ?? Options.DefaultName, options);
    }

    /// <summary>Sets the options of a client.</summary>
    protected abstract void Apply(string name, WebSocketsOptions options);
}
