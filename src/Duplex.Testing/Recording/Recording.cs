namespace Duplex.Testing;

/// <summary>
/// The recorded frames of one connection. It can be saved, loaded, and replayed by a server of a test. Immutable and
/// thread-safe.
/// </summary>
public sealed class Recording
{
    private readonly RecordedConnection _connection;

    /// <summary>Creates a recording by hand.</summary>
    /// <param name="url">The address of the server, if it is known.</param>
    /// <param name="started">When the connection was opened.</param>
    /// <param name="frames">The frames, in order.</param>
    public Recording(Uri? url, DateTimeOffset started, IEnumerable<RecordedFrame> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        _connection = new RecordedConnection(url, started.ToUniversalTime(), [.. frames]);
    }

    internal Recording(RecordedConnection connection) => _connection = connection;

    /// <summary>The address of the server; null if it is not known.</summary>
    public Uri? Url => _connection.Url;

    /// <summary>When the connection was opened, in UTC.</summary>
    public DateTimeOffset Started => _connection.Started;

    /// <summary>The frames of both directions, in the order of their ends.</summary>
    public IReadOnlyList<RecordedFrame> Frames => _connection.Frames;

    /// <summary>The frames that are missing at the end, because the recorder's bound was reached.</summary>
    public long OmittedFrames => _connection.OmittedFrames;

    /// <summary>
    /// The payloads that are missing, although they were asked for: the recorder's bound was reached, or they could not
    /// be redacted.
    /// </summary>
    public long OmittedPayloads => _connection.OmittedPayloads;

    /// <summary>Reads the one recording of a file, in either format.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="RecordingFormatException">
    /// The file is no recording, or it has none or several. <see cref="LoadAllAsync"/> reads several.
    /// </exception>
    public static async Task<Recording> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<Recording> all = await LoadAllAsync(path, cancellationToken).ConfigureAwait(false);
        return all is [var one]
            ? one
            : throw new RecordingFormatException("its end", null, "one connection", $"{all.Count}");
    }

    /// <summary>Reads all recordings of a file, in either format.</summary>
    /// <param name="path">The file. Of a HAR file, all WebSocket connections are read.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="RecordingFormatException">The file is no recording.</exception>
    public static async Task<IReadOnlyList<Recording>> LoadAllAsync(
        string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        FileStream file = File.OpenRead(path);
        await using (file.ConfigureAwait(false))
            return await ReadAllAsync(file, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads all recordings of a stream, to its end, in either format.</summary>
    /// <param name="source">The stream, which stays open.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="RecordingFormatException">The content is no recording.</exception>
    public static async Task<IReadOnlyList<Recording>> ReadAllAsync(
        Stream source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        IReadOnlyList<RecordedConnection> connections = await RecordingFile.ReadAsync(
            source, cancellationToken).ConfigureAwait(false);
        return [.. connections.Select(connection => new Recording(connection))];
    }

    /// <summary>Writes recordings to a file, in the format that its name ends with.</summary>
    /// <param name="path">
    /// A file whose name ends with <c>.har</c> or <c>.jsonl</c>. An existing one is replaced.
    /// </param>
    /// <param name="recordings">The recordings.</param>
    /// <param name="cancellationToken">Cancels the writing, which leaves an incomplete file.</param>
    /// <exception cref="ArgumentException">The name ends otherwise.</exception>
    public static async Task SaveAllAsync(
        string path, IEnumerable<Recording> recordings, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        RecordingFormat format = RecordingFile.FormatOf(path);
        FileStream file = File.Create(path);
        await using (file.ConfigureAwait(false))
            await WriteAllAsync(file, format, recordings, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes recordings to a stream.</summary>
    /// <param name="target">The stream, which stays open.</param>
    /// <param name="format">The format.</param>
    /// <param name="recordings">The recordings.</param>
    /// <param name="cancellationToken">Cancels the writing, which leaves an incomplete file.</param>
    public static Task WriteAllAsync(
        Stream target,
        RecordingFormat format,
        IEnumerable<Recording> recordings,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(recordings);
        if (!Enum.IsDefined(format))
            throw new ArgumentOutOfRangeException(nameof(format), format, "Expected Har or JsonLines.");
        return RecordingFile.WriteAsync(
            target, format, [.. recordings.Select(recording => recording._connection)], cancellationToken);
    }

    /// <summary>Writes this recording to a file, in the format that its name ends with.</summary>
    /// <param name="path">
    /// A file whose name ends with <c>.har</c> or <c>.jsonl</c>. An existing one is replaced.
    /// </param>
    /// <param name="cancellationToken">Cancels the writing, which leaves an incomplete file.</param>
    /// <exception cref="ArgumentException">The name ends otherwise.</exception>
    public Task SaveAsync(string path, CancellationToken cancellationToken = default) =>
        SaveAllAsync(path, [this], cancellationToken);

    /// <summary>
    /// Plays the server: sends what the recorded session received, at the recorded times. Completes after the last
    /// frame, or when the client has ended the session.
    /// </summary>
    /// <remarks>
    /// It receives from the session, too: it answers the client's pings and its Close, and compares its messages with
    /// the recorded ones. The session stays open afterwards, unless a Close was recorded or came.
    /// </remarks>
    /// <param name="session">A session in the server's role, raw or not.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="cancellationToken">Stops the replay. The session stays open.</param>
    /// <exception cref="InvalidOperationException">
    /// A frame cannot be replayed: its payload was not recorded, or it is compressed.
    /// </exception>
    public Task<ReplayResult> ReplayAsync(
        WebSocketSession session, TimeProvider timeProvider, CancellationToken cancellationToken = default) =>
        ReplayAsync(session, timeProvider, new ReplayOptions(), cancellationToken);

    /// <inheritdoc
    /// cref="ReplayAsync(WebSocketSession, TimeProvider, CancellationToken)" path="/node()[not(self::param)]"/>
    /// <param name="session">A session in the server's role, raw or not.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="options">How to replay.</param>
    /// <param name="cancellationToken">Stops the replay. The session stays open.</param>
    public Task<ReplayResult> ReplayAsync(
        WebSocketSession session,
        TimeProvider timeProvider,
        ReplayOptions options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentNullException.ThrowIfNull(options);
        return new Replayer(_connection, options, timeProvider).RunAsync(session, cancellationToken);
    }

    /// <summary>
    /// Plays the server over a stream, without a handshake, and disposes the stream at the end. As for a session.
    /// </summary>
    /// <inheritdoc
    /// cref="ReplayAsync(WebSocketSession, TimeProvider, CancellationToken)"
    /// path="/node()[not(self::summary|self::param)]"/>
    /// <param name="stream">The server's end of a duplex stream, whose next byte begins a frame.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="options">How to replay. Default: only time counts.</param>
    /// <param name="cancellationToken">Stops the replay.</param>
    public async Task<ReplayResult> ReplayAsync(
        Stream stream,
        TimeProvider timeProvider,
        ReplayOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        RawWebSocketSession session = WebSocketSessions.CreateRaw(
            stream, WebSocketRole.Server, ws => ws.TimeProvider = timeProvider);
        await using (session.ConfigureAwait(false))
        {
            return await ReplayAsync(
                session, timeProvider, options ?? new ReplayOptions(), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Describes the recording without its payloads.</summary>
    public override string ToString() =>
        $"{Url?.ToString() ?? "unknown URL"}, {Started:u}: {Frames.Count} frames"
        + (OmittedFrames > 0 ? $", {OmittedFrames} omitted" : "");
}
