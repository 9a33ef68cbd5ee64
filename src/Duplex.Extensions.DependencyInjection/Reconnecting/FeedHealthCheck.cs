using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Duplex;

/// <summary>Reports whether a WebSocket that stays connected has a ready connection.</summary>
internal sealed class FeedHealthCheck(FeedWatch watch, TimeSpan unhealthyAfter) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        (ConnectionChange change, TimeSpan without) = watch.Read();
        HealthStatus failure = context.Registration.FailureStatus;
        (HealthStatus status, string description) = change switch
        {
            { Phase: ConnectionPhase.Ready } => (HealthStatus.Healthy, "A connection is ready."),
            { Phase: ConnectionPhase.NotStarted } => (HealthStatus.Degraded, "It was not started."),
            { Phase: ConnectionPhase.Stopped, Verdict.IsTransient: false } => (failure, "The connection was given up."),
            { Phase: ConnectionPhase.Stopped } => (HealthStatus.Degraded, "It was closed."),
            _ => (
                without >= unhealthyAfter ? failure : HealthStatus.Degraded,
                FormattableString.Invariant($"No connection has been ready for {without.TotalSeconds:0.#} s.")),
        };
        return Task.FromResult(new HealthCheckResult(status, description, data: Data(change)));
    }

    // No exception: its message may have what no report should show, such as a URL.
    private static Dictionary<string, object> Data(ConnectionChange change)
    {
        var data = new Dictionary<string, object>
        {
            ["phase"] = change.Phase.ToString(),
            ["epoch"] = change.Epoch,
        };
        if (change.Verdict is { } verdict)
            data["why"] = verdict.Why;
        if (change.Delay is { } delay)
            data["nextDelay"] = delay;
        return data;
    }
}
