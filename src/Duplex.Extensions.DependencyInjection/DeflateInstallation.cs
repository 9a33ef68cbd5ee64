using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>
/// Installs permessage-deflate once if a client's configurations say so, each key from the last one that has it.
/// </summary>
internal sealed class DeflateInstallation(IEnumerable<IConfigureOptions<WebSocketsOptions>> setups)
    : IPostConfigureOptions<WebSocketsOptions>
{
    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">
    /// Code installed it already, or a key became wrong since the options were set.
    /// </exception>
    public void PostConfigure(string? name, WebSocketsOptions options)
    {
        name ??= Options.DefaultName;
        SettingsReading[] readings =
        [
            .. setups.OfType<SettingsBinding>().Where(binding => binding.AppliesTo(name))
                .OrderBy(binding => !binding.IsDefault).Select(binding => binding.Read()),
        ];
        if (readings.Select(reading => reading.Deflate.Enabled).LastOrDefault(enabled => enabled is not null)
            ?? readings.Any(reading => reading.HasDeflate))
        {
            Install(name, options, readings);
        }

        foreach (SettingsReading reading in readings)
            reading.ThrowIfFailed(name);
    }

    private static void Install(string name, WebSocketsOptions options, SettingsReading[] readings)
    {
        try
        {
            options.Extensions.InstallPerMessageDeflate(deflate =>
            {
                foreach (SettingsReading reading in readings)
                    reading.ApplyTo(deflate);
            });
        }
        catch (ArgumentException)
        {
            throw new OptionsValidationException(
                name,
                typeof(WebSocketsOptions),
                [
                    $"{readings.Last(one => one.HasDeflate).DeflatePath}: Code installs permessage-deflate " +
                    "already, or an extension with its reserved bit. Remove one of them.",
                ]);
        }
    }
}
