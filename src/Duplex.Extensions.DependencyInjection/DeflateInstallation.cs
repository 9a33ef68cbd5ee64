using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>
/// Installs permessage-deflate once if a client's configurations say so, each key from the last one that has it.
/// </summary>
internal sealed class DeflateInstallation(IEnumerable<SettingsBinding> bindings)
    : IPostConfigureOptions<WebSocketsOptions>
{
    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">Code installed it already.</exception>
    public void PostConfigure(string? name, WebSocketsOptions options)
    {
        (SettingsBinding Binding, DeflateSettings Settings)[] configured =
        [
            .. from binding in bindings.OrderBy(binding => !binding.IsDefault)
               where binding.AppliesTo(name)
               let settings = binding.ReadDeflate()
               where settings is not null
               select (binding, settings),
        ];
        if (configured.Length == 0
            || configured.LastOrDefault(one => one.Settings.Enabled is not null).Settings is { Enabled: false })
        {
            return;
        }

        try
        {
            options.Extensions.InstallPerMessageDeflate(deflate =>
            {
                foreach ((SettingsBinding binding, DeflateSettings settings) in configured)
                    binding.Apply(settings, deflate);
            });
        }
        catch (ArgumentException)
        {
            throw new OptionsValidationException(
                name ?? Options.DefaultName,
                typeof(WebSocketsOptions),
                [
                    $"{configured[^1].Binding.DeflatePath}: Code installs permessage-deflate already, or an " +
                    "extension with its reserved bit. Remove one of them, or set Enabled to false here.",
                ]);
        }
    }
}
