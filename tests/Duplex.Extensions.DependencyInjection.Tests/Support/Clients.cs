using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

/// <summary>What every test of a client's configuration needs.</summary>
internal static class Clients
{
    /// <summary>A configuration in memory, its keys as in a file.</summary>
    public static IConfigurationRoot Configuration(params (string Key, string? Value)[] keys) =>
        new ConfigurationBuilder().AddInMemoryCollection(keys.ToDictionary(key => key.Key, key => key.Value)).Build();

    /// <summary>A provider that refuses scoped services outside a scope.</summary>
    public static ServiceProvider Build(this IServiceCollection services) => services.BuildServiceProvider(validateScopes: true);

    /// <summary>A client from the factory.</summary>
    public static HttpClient Client(this IServiceProvider services, string name) => services.GetRequiredService<IHttpClientFactory>().CreateClient(name);

    /// <summary>A client's options as a new handler would get them.</summary>
    public static WebSocketsOptions OptionsOf(this IServiceProvider services, string name) => services.GetRequiredService<IOptionsFactory<WebSocketsOptions>>().Create(name);

    /// <summary>The chain of handlers of a client, from the outermost.</summary>
    public static IReadOnlyList<HttpMessageHandler> Chain(this IServiceProvider services, string name)
    {
        var chain = new List<HttpMessageHandler>();
        for (HttpMessageHandler? handler = services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name); handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
            chain.Add(handler);
        return chain;
    }

    /// <summary>Opens a session, sends a message, and gets it back.</summary>
    public static async Task<DefaultClientWebSocketSession> EchoAsync(this HttpClient client, Uri address)
    {
        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(new Uri(address, "/echo")).Soon();
        await session.SendTextAsync("hello").Soon();
        Assert.Equal("hello", await session.ReceiveTextAsync().AsTask().Soon());
        return session;
    }
}
