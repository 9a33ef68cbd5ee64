using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex.Tests;

/// <summary>The telemetry of a session that is not there.</summary>
internal static class TestTelemetry
{
    public static SessionTelemetry Of(ILogger? logger = null, Uri? target = null, Instruments? instruments = null) =>
        new(
            new TelemetrySources { Logger = logger ?? NullLogger.Instance, Target = target, Instruments = instruments ?? Instruments.Default },
            TimeProvider.System, [], new NoQueue());

    private sealed class NoQueue : IQueueDepth
    {
        public (long Frames, long Bytes) Depth => default;
    }
}
