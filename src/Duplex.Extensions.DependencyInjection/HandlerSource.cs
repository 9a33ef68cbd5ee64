using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>Creates the plugin for each new chain of handlers, with the options as they are then.</summary>
/// <remarks>
/// IHttpClientFactory keeps an exception that a chain's creation throws, and throws it until the process ends. So if a
/// configuration becomes invalid while the process runs, the last valid options stay in force.
/// </remarks>
internal sealed partial class HandlerSource(IEnumerable<WebSocketsClient> clients, IServiceProvider services)
{
    private readonly ConcurrentDictionary<string, WebSocketsOptions> _lastValid = new();

    /// <summary>Whether a client has the plugin by its own call of AddWebSockets.</summary>
    public bool HasOwn(string? client) => clients.Any(one => one.Name is not null && one.Name == client);

    /// <summary>Whether a client has the plugin.</summary>
    public bool Has(string? client) => clients.Any(one => one.Name is null || one.Name == client);

    /// <summary>Creates a client's plugin.</summary>
    /// <exception cref="OptionsValidationException">The configuration is wrong, and never was right.</exception>
    public WebSocketsHandler Create(string client)
    {
        try
        {
            // Not injected: IHttpClientFactory needs this object, and what the options need may need the factory.
            WebSocketsOptions options =
                services.GetRequiredService<IOptionsFactory<WebSocketsOptions>>().Create(client);
            var handler = new WebSocketsHandler(options);
            _lastValid[client] = options;
            return handler;
        }
        catch (Exception e) when (_lastValid.TryGetValue(client, out WebSocketsOptions? last))
        {
            Log(last.LoggerFactory, client, e);
            return new WebSocketsHandler(last);
        }
    }

    /// <summary>Whether a client's handshakes are HTTP requests that its primary handler sends.</summary>
    public bool SendsHandshakes(string client) =>
        _lastValid.TryGetValue(client, out WebSocketsOptions? options) && options.Engine == WebSocketEngines.Http;

    /// <summary>The clock of a client whose handlers were created.</summary>
    public TimeProvider TimeOf(string client) => _lastValid[client].TimeProvider;

    private static void Log(ILoggerFactory loggers, string client, Exception error)
    {
        try
        {
            LogInvalid(loggers.CreateLogger("Duplex"), client, error);
        }
        catch (Exception)
        {
            // A logger's own must not become the exception that IHttpClientFactory keeps.
        }
    }

    [LoggerMessage(
        26, LogLevel.Error, "The options of the HttpClient '{Client}' are invalid; the last valid ones stay.")]
    private static partial void LogInvalid(ILogger logger, string client, Exception error);
}
