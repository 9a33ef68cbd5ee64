using Duplex;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Installs WebSockets in the clients of <see cref="IHttpClientFactory"/>.</summary>
/// <remarks>
/// <para>
/// The plugin is added once for each client, in the place of the first call: handlers added before stand above it and
/// see a handshake as one GET request. Further calls for the same client only set more options. All calls apply in
/// order, those of <c>ConfigureHttpClientDefaults</c> first, and a later value wins.
/// </para>
/// <para>
/// The options use the container's <c>ILoggerFactory</c>, <c>IMeterFactory</c> and, if registered,
/// <see cref="TimeProvider"/>. They are created anew for each chain of handlers, so a changed configuration applies
/// after the handlers' lifetime, 2 minutes by default. Open sessions keep their options.
/// </para>
/// <para>
/// A host checks options and handlers when it starts, except those of a client that has the plugin from
/// <c>ConfigureHttpClientDefaults</c> only: there the client's first use does, as without a host.
/// </para>
/// </remarks>
public static class WebSocketsHttpClientBuilderExtensions
{
    /// <summary>Lets the client open WebSocket sessions.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="configure">Sets the options. Default: nothing.</param>
    /// <returns>The builder.</returns>
    public static IHttpClientBuilder AddWebSockets(
        this IHttpClientBuilder builder, Action<WebSocketsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Install(builder);
        if (configure is not null)
            Configure(builder, _ => new CodeSetup(builder.Name, configure));
        return builder;
    }

    /// <summary>Lets the client open WebSocket sessions, with options that need services.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="configure">
    /// Sets the options. The provider is the root one, because sessions outlive any scope.
    /// </param>
    /// <returns>The builder.</returns>
    public static IHttpClientBuilder AddWebSockets(
        this IHttpClientBuilder builder, Action<IServiceProvider, WebSocketsOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        Install(builder);
        Configure(builder, services => new CodeSetup(builder.Name, options => configure(services, options)));
        return builder;
    }

    /// <summary>Lets the client open WebSocket sessions, with options from a configuration.</summary>
    /// <remarks>
    /// Each key is the path of an option, such as <c>PingInterval</c> or <c>Channels:Incoming:Capacity</c>. An absent
    /// or empty key leaves its option as it is; a list, even an empty one, replaces an earlier one. A wrong value
    /// fails with an <see cref="OptionsValidationException"/> that has the full path of the key.
    /// </remarks>
    /// <param name="builder">The client's builder.</param>
    /// <param name="configuration">The section with the options.</param>
    /// <param name="errorOnUnknownKeys">
    /// Whether a key that is not an option is an error, too. Default: false, it is ignored.
    /// </param>
    /// <returns>The builder.</returns>
    public static IHttpClientBuilder AddWebSockets(
        this IHttpClientBuilder builder, IConfiguration configuration, bool errorOnUnknownKeys = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configuration);
        Install(builder);
        var binding = new SettingsBinding(builder.Name, configuration, errorOnUnknownKeys);
        Configure(builder, _ => binding);
        return builder;
    }

    private static void Configure(
        IHttpClientBuilder builder, Func<IServiceProvider, IConfigureOptions<WebSocketsOptions>> create) =>
        builder.Services.AddSingleton(create); // not transient: that would get the provider of a scope

    private static void Install(IHttpClientBuilder builder)
    {
        IServiceCollection services = builder.Services;
        string? client = builder.Name; // null in ConfigureHttpClientDefaults
        var registration = new WebSocketsClient(client);
        if (services.Any(known => !known.IsKeyedService && registration.Equals(known.ImplementationInstance)))
            return;

        services.AddSingleton(registration);
        services.TryAddSingleton<HandlerSource>();
        services.TryAddSingleton<IOptionsFactory<WebSocketsOptions>, WebSocketsOptionsFactory>();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IPostConfigureOptions<WebSocketsOptions>, DeflateInstallation>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter, HandlerFilter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StartCheck>, StartCheck.Validation>());
        services.AddOptions<StartCheck>(client).ValidateOnStart();
        services.Configure<HttpClientFactoryOptions>(client, options =>
            options.HttpMessageHandlerBuilderActions.Add(chain =>
            {
                // A client's own call sets the place, not that of the defaults.
                HandlerSource source = chain.Services.GetRequiredService<HandlerSource>();
                if (client is not null || !source.HasOwn(chain.Name))
                    chain.AdditionalHandlers.Add(source.Create(chain.Name!));
            }));
    }
}
