using Duplex;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds WebSockets that stay connected to a container.</summary>
/// <remarks>
/// <para>
/// A <see cref="ReconnectingWebSocket"/> is a keyed singleton: <c>[FromKeyedServices("feed")]</c>. The only one of a
/// container can also be resolved without a key. The container disposes it, so dispose the container asynchronously.
/// </para>
/// <para>
/// It connects through the client of <see cref="IHttpClientFactory"/> that has the same name. Each attempt uses the
/// client's handlers as the factory has them then.
/// </para>
/// <para>
/// A host creates it before it starts any service, so that mistakes fail the host's start, and starts it without
/// waiting for a connection. After all services have stopped, the host closes it with 1001.
/// </para>
/// </remarks>
public static class ReconnectingWebSocketServiceCollectionExtensions
{
    /// <summary>Adds a WebSocket that stays connected.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">Its key, the name of its client, and its name in logs and metrics.</param>
    /// <param name="url">The URL to connect to, or relative to the client's base address.</param>
    /// <param name="configure">
    /// Sets when and how to connect again, and the functions that are called. Default: nothing.
    /// </param>
    /// <param name="startWithHost">
    /// Whether the host starts it. Default: true. If false, call <see cref="ReconnectingWebSocket.Start"/>.
    /// </param>
    /// <returns>The builder of its client, which has the plugin.</returns>
    /// <exception cref="ArgumentException">There is one of that name, or the name or URL is empty.</exception>
    /// <example>
    /// <code>
    /// builder.Services.AddReconnectingWebSocket("feed", "wss://example.test/feed", reconnect =>
    ///     reconnect.OnConnected((connection, token) => connection.SendAsync("subscribe", token)));
    /// </code>
    /// </example>
    public static IHttpClientBuilder AddReconnectingWebSocket(
        this IServiceCollection services,
        string name,
        string url,
        Action<ReconnectingWebSocketOptions>? configure = null,
        bool startWithHost = true) =>
        Add(services, new FeedRegistration(name, url, (_, options) => configure?.Invoke(options), startWithHost));

    /// <summary>Adds a WebSocket that stays connected, with options that need services.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">Its key, the name of its client, and its name in logs and metrics.</param>
    /// <param name="url">The URL to connect to, or relative to the client's base address.</param>
    /// <param name="configure">
    /// Sets when and how to connect again, and the functions that are called. The provider is the root one.
    /// </param>
    /// <param name="startWithHost">
    /// Whether the host starts it. Default: true. If false, call <see cref="ReconnectingWebSocket.Start"/>.
    /// </param>
    /// <returns>The builder of its client, which has the plugin.</returns>
    /// <exception cref="ArgumentException">There is one of that name, or the name or URL is empty.</exception>
    public static IHttpClientBuilder AddReconnectingWebSocket(
        this IServiceCollection services,
        string name,
        string url,
        Action<IServiceProvider, ReconnectingWebSocketOptions> configure,
        bool startWithHost = true)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, new FeedRegistration(name, url, configure, startWithHost));
    }

    private static IHttpClientBuilder Add(IServiceCollection services, FeedRegistration feed)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(feed.Name, "name");
        ArgumentException.ThrowIfNullOrWhiteSpace(feed.Url, "url");
        if (services.Any(known =>
            !known.IsKeyedService && known.ImplementationInstance is FeedRegistration other && other.Name == feed.Name))
        {
            throw new ArgumentException(
                $"There is a ReconnectingWebSocket '{feed.Name}' already. Give each a name of its own.");
        }

        services.AddSingleton(feed);
        services.TryAddSingleton<FeedSource>();
        services.AddKeyedSingleton(
            feed.Name, (provider, _) => provider.GetRequiredService<FeedSource>().Create(feed.Name));
        services.TryAddSingleton(provider =>
            provider.GetRequiredKeyedService<ReconnectingWebSocket>(
                provider.GetRequiredService<FeedSource>().OnlyName));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, FeedsHost>());
        return services.AddHttpClient(feed.Name).AddWebSockets();
    }
}
