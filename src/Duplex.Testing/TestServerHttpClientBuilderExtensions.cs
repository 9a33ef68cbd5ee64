using Microsoft.Extensions.DependencyInjection;

namespace Duplex.Testing;

/// <summary>Connects clients of <c>IHttpClientFactory</c> to a <see cref="WebSocketTestServer"/>.</summary>
public static class TestServerHttpClientBuilderExtensions
{
    /// <summary>
    /// Lets the client reach a test's server instead of the network, with the server's clock and without
    /// <see cref="HttpClient.Timeout"/>, which measures real time. The client keeps its other handlers and options.
    /// </summary>
    /// <param name="builder">The client's builder, with <c>AddWebSockets</c> before or after this call.</param>
    /// <param name="server">The server.</param>
    /// <returns>The builder.</returns>
    public static IHttpClientBuilder UseTestServer(this IHttpClientBuilder builder, WebSocketTestServer server)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(server);
        builder.ConfigurePrimaryHttpMessageHandler(() => server.Handler);
        builder.ConfigureHttpClient(static client => client.Timeout = Timeout.InfiniteTimeSpan);
        builder.Services.PostConfigure<WebSocketsOptions>(
            builder.Name, options => options.TimeProvider = server.Time);
        return builder;
    }
}
