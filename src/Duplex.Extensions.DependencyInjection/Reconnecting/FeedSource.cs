using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>Creates the WebSockets that stay connected, over the clients of their names.</summary>
internal sealed class FeedSource(
    IEnumerable<FeedRegistration> feeds,
    IHttpMessageHandlerFactory handlers,
    IOptionsMonitor<HttpClientFactoryOptions> clients,
    HandlerSource source,
    IServiceProvider services)
{
    /// <summary>The name of the only one.</summary>
    /// <exception cref="InvalidOperationException">There are several.</exception>
    public string OnlyName
    {
        get
        {
            string[] names = [.. feeds.Select(feed => feed.Name)];
            return names.Length == 1
                ? names[0]
                : throw new InvalidOperationException(
                    $"There are several ReconnectingWebSockets: {string.Join(", ", names)}. Ask for one by its name: " +
                    $"[FromKeyedServices(\"{names[0]}\")].");
        }
    }

    /// <summary>Creates one that was not started.</summary>
    /// <exception cref="InvalidOperationException">Its URL, an option or its client is wrong.</exception>
    /// <exception cref="OptionsValidationException">The configuration of its client is wrong.</exception>
    public ReconnectingWebSocket Create(string name)
    {
        FeedRegistration feed = feeds.First(feed => feed.Name == name);
        try
        {
            handlers.CreateHandler(name); // fails where an attempt would
            return CreateClient(name).CreateReconnectingWebSocket(feed.Url, options =>
            {
                options.Name = name;
                options.TimeProvider = source.TimeOf(name);
                feed.Configure(services, options);
            });
        }
        catch (ArgumentException e)
        {
            throw new InvalidOperationException($"ReconnectingWebSocket '{name}': {e.Message}", e);
        }
    }

    // As the factory creates it, but with handlers that are renewed.
    private HttpClient CreateClient(string name)
    {
        var client = new HttpClient(new RenewedHandler(handlers, name));
        foreach (Action<HttpClient> configure in clients.Get(name).HttpClientActions)
            configure(client);
        return client;
    }
}
