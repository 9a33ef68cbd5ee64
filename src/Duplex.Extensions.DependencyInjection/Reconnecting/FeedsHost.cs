using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Duplex;

/// <summary>
/// Starts the WebSockets that stay connected before the host's services, and closes them after these. So a service can
/// send whenever it runs, wherever it was registered.
/// </summary>
internal sealed class FeedsHost(
    IEnumerable<FeedRegistration> feeds, IEnumerable<FeedCheck> checks, IServiceProvider services)
    : IHostedLifecycleService
{
    // Set by the host, which makes one call at a time.
    private ReconnectingWebSocket[]? _created;
    private bool _closesLast;

    /// <summary>Creates all, starts those that start with the host, and does not wait.</summary>
    /// <exception cref="InvalidOperationException">One is wrong, or a health check has an unknown name.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _closesLast = true;
        Start();
        return Task.CompletedTask;
    }

    /// <summary>As <see cref="StartingAsync"/>, for hosts that do not call it.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Start();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>As <see cref="StoppedAsync"/>, for hosts that do not call it.</summary>
    public Task StopAsync(CancellationToken cancellationToken) =>
        _closesLast ? Task.CompletedTask : CloseAsync(cancellationToken);

    /// <summary>Closes all.</summary>
    /// <param name="cancellationToken">Ends the wait. The container waits for the rest when it is disposed.</param>
    public Task StoppedAsync(CancellationToken cancellationToken) => CloseAsync(cancellationToken);

    private void Start()
    {
        if (_created is not null)
            return;
        foreach (FeedCheck check in checks)
        {
            if (feeds.All(feed => feed.Name != check.Name))
                throw check.UnknownName();
            services.GetRequiredKeyedService<FeedWatch>(check.Name);
        }

        FeedRegistration[] registered = [.. feeds];
        _created = [.. registered.Select(feed => services.GetRequiredKeyedService<ReconnectingWebSocket>(feed.Name))];
        foreach ((FeedRegistration feed, ReconnectingWebSocket socket) in registered.Zip(_created))
        {
            if (feed.StartsWithHost)
                socket.Start();
        }
    }

    private async Task CloseAsync(CancellationToken token)
    {
        try
        {
            var reason = new CloseReason(CloseCode.GoingAway);
            await Task.WhenAll((_created ?? []).Select(socket => socket.CloseAsync(reason, token)))
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // The time for the host's stop is over. This is no failure of the stop.
        }
    }
}
