using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>Sets a client's options from a configuration, each time that a handler is created.</summary>
/// <param name="client">The client's name; null for all clients.</param>
/// <param name="configuration">The section.</param>
/// <param name="refusesUnknownKeys">Whether a key that is not known is an error.</param>
internal sealed class SettingsBinding(string? client, IConfiguration configuration, bool refusesUnknownKeys)
    : ClientSetup(client)
{
    /// <summary>Reads the section as it is now.</summary>
    public SettingsReading Read() => new(configuration, refusesUnknownKeys);

    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">A key is wrong.</exception>
    protected override void Apply(string name, WebSocketsOptions options)
    {
        SettingsReading reading = Read();
        reading.ApplyTo(options);
        reading.ApplyTo(new PerMessageDeflateOptions()); // to find failures: DeflateInstallation applies it later
        reading.ThrowIfFailed(name);
        if (reading.Deflate.Enabled == false)
            options.Extensions.Remove("permessage-deflate");
    }
}
