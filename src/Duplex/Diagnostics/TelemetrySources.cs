using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex;

/// <summary>Where sessions report to, and how they are named there.</summary>
internal sealed record TelemetrySources
{
    public ILogger Logger { get; init; } = NullLogger.Instance;

    public Instruments Instruments { get; init; } = Instruments.Default;

    /// <summary>Whether a session has a span of its own.</summary>
    public bool TracesSessions { get; init; }

    /// <summary>The server; null over a stream of the user's.</summary>
    public Uri? Target { get; init; }
}
