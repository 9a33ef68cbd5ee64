using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;

namespace Duplex;

/// <summary>
/// Checks a client's finished chain of handlers, keeps handshakes from following redirects, and lets them connect to
/// Unix sockets and named pipes.
/// </summary>
internal sealed class HandlerFilter(HandlerSource source) : IHttpMessageHandlerBuilderFilter
{
    /// <inheritdoc/>
    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
    {
        next(builder);
        if (source.Has(builder.Name) && HasPlugin(builder) && source.SendsHandshakes(builder.Name!))
            PreparePrimary(builder);
    };

    private bool HasPlugin(HttpMessageHandlerBuilder builder)
    {
        int below = Chain(builder.PrimaryHandler).OfType<WebSocketsHandler>().Count();
        int plugins = below + builder.AdditionalHandlers.OfType<WebSocketsHandler>().Count();
        if (plugins > 1)
        {
            throw new InvalidOperationException(
                $"HttpClient '{builder.Name}': There are two WebSocketsHandlers. AddWebSockets adds one; remove the " +
                $"one that {(below > 0 ? "ConfigurePrimaryHttpMessageHandler sets" : "AddHttpMessageHandler adds")}.");
        }

        if (plugins == 0 && source.HasOwn(builder.Name))
        {
            throw new InvalidOperationException(
                $"HttpClient '{builder.Name}': ConfigureAdditionalHttpMessageHandlers has removed the " +
                "WebSocketsHandler of AddWebSockets. Keep it, or call AddWebSockets afterwards.");
        }

        return plugins > 0;
    }

    private void PreparePrimary(HttpMessageHandlerBuilder builder)
    {
        if (builder.PrimaryHandler is SocketsHttpHandler sockets)
        {
            // Of primary handlers that the factory knows, it does so later.
            sockets.MeterFactory ??= builder.Services.GetService<IMeterFactory>();
            builder.PrimaryHandler = sockets.AllowAutoRedirect
                ? new HandshakeRoute(sockets)
                : new LocalSocketHandler(sockets);
            return;
        }

        // A client that has the plugin from ConfigureHttpClientDefaults may never open a session. If it does, the
        // plugin throws.
        HttpMessageHandler last = Chain(builder.PrimaryHandler).Last();
        if (source.HasOwn(builder.Name)
            && last is SocketsHttpHandler { AllowAutoRedirect: true } or HttpClientHandler { AllowAutoRedirect: true })
        {
            throw new InvalidOperationException(
                $"HttpClient '{builder.Name}': Its primary handler, {last.GetType().Name}, follows redirects, so a " +
                "handshake's headers and cookies could reach another host. In ConfigurePrimaryHttpMessageHandler, " +
                "set AllowAutoRedirect to false, or return a SocketsHttpHandler.");
        }
    }

    private static IEnumerable<HttpMessageHandler> Chain(HttpMessageHandler? handler)
    {
        for (; handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
            yield return handler;
    }
}
