using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex;

/// <summary>Makes one attempt to connect after another. Not thread-safe, save for <see cref="Time"/>.</summary>
internal sealed class Dialer(HttpClient client, Uri? url, StayConnectedOptions options)
{
    // Set after the first attempt that reached the handler, read by any thread.
    private volatile WebSocketsOptions? _plugin;

    public TimeProvider Time => options.TimeProvider ?? _plugin?.TimeProvider ?? TimeProvider.System;

    /// <summary>Null until an attempt has reached the handler.</summary>
    public WebSocketsOptions? Plugin => _plugin;

    public ILogger Logger => _plugin?.LoggerFactory.CreateLogger("Duplex") ?? NullLogger.Instance;

    /// <summary>The URL without query and user info, for logs.</summary>
    public string Target { get; private set; } = "an unknown URL";

    /// <summary>Exactly one of session and error is null.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired.</exception>
    public async Task<(DefaultClientWebSocketSession? Session, DisconnectPhase Phase, Exception? Error)> DialAsync(
        ConnectAttempt attempt, CancellationToken stop)
    {
        var phase = DisconnectPhase.Configuring;
        using var limit = new AttemptLimit(Time, options.AttemptTimeout, stop);
        try
        {
            var request = new WebSocketRequest { Uri = url, WantsNewConnection = true };
            request.UseDefaults(client.DefaultRequestVersion, client.DefaultVersionPolicy);
            if (options.Configure is { } configure)
                await limit.RunAsync(token => configure(request, attempt, token)).ConfigureAwait(false);

            if (request.ReceiveMode != ReceiveMode.Messages)
            {
                throw new NotSupportedException(
                    "A connection that is kept receives whole messages. Leave WebSocketRequest.ReceiveMode as it is.");
            }

            phase = DisconnectPhase.Connecting;
            Uri origin = WebSocketUri.Resolve(request.Uri, client.BaseAddress, mayNameService: true);
            Target = Log.Describe(origin);

            // Waiting for others is no part of the attempt.
            limit.Pause();
            using IDisposable place = await AttemptGate.Shared.EnterAsync(
                origin, options.MaxConcurrentAttempts, stop).ConfigureAwait(false);
            limit.Resume();
            return (await OpenAsync(request, limit.Token).ConfigureAwait(false), phase, null);
        }
        catch (Exception e) when (stop.IsCancellationRequested)
        {
            throw new OperationCanceledException("The attempt to connect was stopped.", e, stop);
        }
        catch (OperationCanceledException e) when (limit.IsOver)
        {
            return (null, phase, new TimeoutException(
                $"The attempt did not end within {options.AttemptTimeout.TotalSeconds:0.###} s (AttemptTimeout).", e));
        }
        catch (Exception e)
        {
            return (null, phase, e);
        }
    }

    private async Task<DefaultClientWebSocketSession> OpenAsync(WebSocketRequest request, CancellationToken token)
    {
        DefaultClientWebSocketSession session = await WebSocketsHttpClientExtensions.OpenAsync(
            client, request, options.Heartbeat, plugin => _plugin = plugin, token).ConfigureAwait(false);
        if (options.TimeProvider is null || options.TimeProvider == _plugin!.TimeProvider)
            return session;
        await session.DisposeAsync().ConfigureAwait(false);
        throw new InvalidOperationException(
            "StayConnectedOptions.TimeProvider is not that of the WebSocketsHandler, so their times would not agree. " +
            "Set both to the same, or leave the former null.");
    }
}
