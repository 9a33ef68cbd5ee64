using Duplex;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds health checks of WebSockets that stay connected.</summary>
public static class ReconnectingWebSocketHealthChecksBuilderExtensions
{
    // As long as the longest delay between attempts, by default.
    private static readonly TimeSpan DefaultUnhealthyAfter = TimeSpan.FromSeconds(30);

    /// <summary>Adds a health check of a WebSocket that <c>AddReconnectingWebSocket</c> adds to the services.</summary>
    /// <remarks>
    /// <para>
    /// Healthy: a connection is ready. Degraded: none is, for less than <paramref name="unhealthyAfter"/>, or it was
    /// not started, or was closed by the program. Unhealthy: none is for that long, or it was given up.
    /// </para>
    /// <para>
    /// The data are <c>phase</c>, <c>epoch</c>, <c>why</c> (the rule that decided after the last failure) and
    /// <c>nextDelay</c> (of an attempt that is waited for). There are no URLs and no texts of the peer. A host's start
    /// fails if there is no WebSocket of that name.
    /// </para>
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The name of the WebSocket.</param>
    /// <param name="unhealthyAfter">
    /// How long it may be without a ready connection, by the clock of its handler. Default: 30 s.
    /// </param>
    /// <param name="checkName">The name of the check. Default: that of the WebSocket.</param>
    /// <param name="failureStatus">What is reported instead of Unhealthy. Default: Unhealthy.</param>
    /// <param name="tags">The tags of the check. Default: none.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public static IHealthChecksBuilder AddReconnectingWebSocket(
        this IHealthChecksBuilder builder,
        string name,
        TimeSpan? unhealthyAfter = null,
        string? checkName = null,
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        TimeSpan limit = unhealthyAfter ?? DefaultUnhealthyAfter;
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero, nameof(unhealthyAfter));
        var check = new FeedCheck(name);
        builder.Services.AddSingleton(check);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, FeedsHost>());
        builder.Services.TryAddKeyedSingleton(name, (services, _) => Watch(services, check));
        return builder.Add(new HealthCheckRegistration(
            checkName ?? name,
            services => new FeedHealthCheck(services.GetRequiredKeyedService<FeedWatch>(name), limit),
            failureStatus,
            tags));
    }

    private static FeedWatch Watch(IServiceProvider services, FeedCheck check)
    {
        ReconnectingWebSocket socket =
            services.GetKeyedService<ReconnectingWebSocket>(check.Name) ?? throw check.UnknownName();
        return new FeedWatch(socket, services.GetRequiredService<HandlerSource>().TimeOf(check.Name));
    }
}
