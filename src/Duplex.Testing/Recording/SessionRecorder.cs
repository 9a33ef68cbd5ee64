namespace Duplex.Testing;

/// <summary>
/// Records the frames of connections, in memory and within bounds: their direction, time and type, and their payload if
/// that was asked for.
/// </summary>
/// <remarks>
/// Thread-safe. Plug it in by <see cref="RecordingEngines.WithRecorder"/>, or wrap a stream in a
/// <see cref="RecordingStream"/>.
/// </remarks>
/// <example>
/// <code>
/// using Duplex.Testing;
///
/// var recorder = new SessionRecorder(options => options.KeepPayloads = true);
/// WebSocketEngine engine = WebSocketEngines.Http.WithRecorder(recorder);
/// using var http = new HttpClient(new WebSocketsHandler(ws => ws.Engine = engine));
/// // ... use sessions of http, then:
/// await recorder.SaveAsync("feed.har");
/// </code>
/// </example>
public sealed class SessionRecorder
{
    private readonly Lock _sync = new();
    private readonly SessionRecorderOptions _options;
    private readonly RecordingBudget _budget;
    private readonly List<ConnectionRecorder> _connections = []; // under _sync

    // Under _sync.
    private long _omittedConnections;

    /// <summary>Creates a recorder.</summary>
    /// <param name="configure">Sets the options.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is negative.</exception>
    public SessionRecorder(Action<SessionRecorderOptions>? configure = null)
    {
        var options = new SessionRecorderOptions();
        configure?.Invoke(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxPayloadBytes, nameof(options.MaxPayloadBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxFrames, nameof(options.MaxFrames));
        ArgumentNullException.ThrowIfNull(options.TimeProvider, nameof(options.TimeProvider));
        _options = new SessionRecorderOptions
        {
            TimeProvider = options.TimeProvider,
            KeepPayloads = options.KeepPayloads,
            KeepQuery = options.KeepQuery,
            Redact = options.Redact,
            MaxPayloadBytes = options.MaxPayloadBytes,
            MaxFrames = options.MaxFrames,
        };
        _budget = new RecordingBudget(options.MaxPayloadBytes, options.MaxFrames);
    }

    /// <summary>
    /// A copy of what was recorded so far: one recording for each connection, in the order of opening.
    /// </summary>
    public IReadOnlyList<Recording> Recordings
    {
        get
        {
            lock (_sync)
                return [.. _connections.Select(connection => new Recording(connection.Snapshot()))];
        }
    }

    /// <summary>
    /// The connections that were not recorded because <see cref="SessionRecorderOptions.MaxFrames"/> was reached.
    /// </summary>
    public long OmittedConnections
    {
        get
        {
            lock (_sync)
                return _omittedConnections;
        }
    }

    /// <summary>Writes all recordings to a file, in the format that its name ends with.</summary>
    /// <param name="path">
    /// A file whose name ends with <c>.har</c> or <c>.jsonl</c>. An existing one is replaced.
    /// </param>
    /// <param name="cancellationToken">Cancels the writing, which leaves an incomplete file.</param>
    /// <exception cref="ArgumentException">The name ends otherwise.</exception>
    public Task SaveAsync(string path, CancellationToken cancellationToken = default) =>
        Recording.SaveAllAsync(path, Recordings, cancellationToken);

    internal ConnectionRecorder Begin(Uri? url)
    {
        lock (_sync)
        {
            var connection = new ConnectionRecorder(Shown(url), _options, _budget);
            if (_budget.TryTakeFrame())
                _connections.Add(connection);
            else
                _omittedConnections++;
            return connection;
        }
    }

    private Uri? Shown(Uri? url)
    {
        if (url is not { IsAbsoluteUri: true })
            return null;
        UriComponents shown = UriComponents.SchemeAndServer | UriComponents.Path;
        if (_options.KeepQuery)
            shown |= UriComponents.Query;
        return new Uri(url.GetComponents(shown, UriFormat.UriEscaped));
    }
}
