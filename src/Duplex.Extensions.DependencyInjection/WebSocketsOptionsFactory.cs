using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>
/// Creates options that use the container's logging, metrics and clock. Then the defaults of all clients apply, then
/// the rest in the order of its registration.
/// </summary>
internal sealed class WebSocketsOptionsFactory(
    IServiceProvider services,
    IEnumerable<IConfigureOptions<WebSocketsOptions>> setups,
    IEnumerable<IPostConfigureOptions<WebSocketsOptions>> postConfigures,
    IEnumerable<IValidateOptions<WebSocketsOptions>> validations)
    : OptionsFactory<WebSocketsOptions>(
        setups.OrderBy(setup => setup is not ClientSetup { IsDefault: true }), postConfigures, validations)
{
    /// <inheritdoc/>
    protected override WebSocketsOptions CreateInstance(string name)
    {
        var options = new WebSocketsOptions
        {
            LoggerFactory = new ContainerLoggers(services),
            MeterFactory = services.GetService<IMeterFactory>(),
        };
        if (services.GetService<TimeProvider>() is { } time)
            options.TimeProvider = time;
        return options;
    }
}
