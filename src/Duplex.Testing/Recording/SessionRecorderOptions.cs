namespace Duplex.Testing;

/// <summary>What a <see cref="SessionRecorder"/> keeps. Read when the recorder is created.</summary>
public sealed class SessionRecorderOptions
{
    // The messages of a long test, and little beside what a test process uses.
    private const long DefaultMaxPayloadBytes = 16 * 1024 * 1024;

    // About 10 MiB without payloads.
    private const int DefaultMaxFrames = 100_000;

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Whether payloads are recorded, also those of control frames. Default: false.</summary>
    public bool KeepPayloads { get; set; }

    /// <summary>Whether the query of a URL is recorded, which often holds a token. Default: false.</summary>
    public bool KeepQuery { get; set; }

    /// <summary>
    /// Replaces the payload of a frame before it is recorded: return what to keep, or null to record none. Default:
    /// null, payloads are kept unchanged.
    /// </summary>
    /// <remarks>
    /// Called for each frame with a payload, possibly concurrently for the two directions and for several connections.
    /// A fragment comes by itself. Payloads of compressed frames are omitted without a call, because the function could
    /// not read them. If it throws, the payload is omitted, and the session is not affected.
    /// </remarks>
    public Func<RecordedFrame, ReadOnlyMemory<byte>?>? Redact { get; set; }

    /// <summary>
    /// The most bytes of payload in all recordings of the recorder; later payloads are omitted and counted. Default:
    /// 16 MiB.
    /// </summary>
    public long MaxPayloadBytes { get; set; } = DefaultMaxPayloadBytes;

    /// <summary>
    /// The most frames and connections in all recordings of the recorder; later ones are omitted and counted. Default:
    /// 100,000.
    /// </summary>
    public int MaxFrames { get; set; } = DefaultMaxFrames;
}
