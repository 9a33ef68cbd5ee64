using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// One call to open a session. It travels through a client's handlers in the options of a marker request, which is
/// never sent. The marker's version, 0.0, is one that the platform refuses: a client without the plugin cannot send it
/// by mistake.
/// </summary>
/// <remarks>
/// Thread-safe: handlers above the plugin may send the marker, or copies of it, repeatedly and concurrently.
/// </remarks>
internal sealed class HandshakeAttempt(WebSocketRequest request, CancellationToken caller = default) : IDisposable
{
    private static readonly HttpRequestOptionsKey<HandshakeAttempt> Key = new(EnginePlugin.Mark);
    private static readonly Version MarkerVersion = new(0, 0);

    // The exceptions that came from below the plugin. A weak table, because handlers above must see the original
    // exceptions and may keep or drop them.
    private static readonly ConditionalWeakTable<Exception, Origin> Origins = [];

    private readonly Lock _sync = new();
    private readonly List<UpgradedContent> _opened = []; // under _sync

    // All under _sync. The plugin sets the first two when it first sees the marker.
    private WebSocketsOptions? _options;
    private HandshakeDeadline? _deadline;
    private CancellationTokenRegistration _givenUp;
    private CancellationTokenRegistration _stopped;
    private bool _isOver;

    public WebSocketRequest Request { get; } = request;

    /// <summary>The options of the plugin that accepted the marker; null before that.</summary>
    public WebSocketsOptions? Options
    {
        get
        {
            lock (_sync)
                return _options;
        }
    }

    /// <summary>
    /// The handshake's deadline. It also fires on cancellation and on disposal; before <see cref="TakeUp"/> it is
    /// already over.
    /// </summary>
    public HandshakeDeadline Deadline
    {
        get
        {
            lock (_sync)
                return _deadline ?? HandshakeDeadline.Over;
        }
    }

    /// <summary>Finds the origin of an exception; null if it came from above the plugin.</summary>
    public static Origin? OriginOf(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (Origins.TryGetValue(error, out Origin? origin))
                return origin;
        }

        return null;
    }

    /// <summary>Records that an exception came from below the plugin.</summary>
    public static void CameFromBelow(Exception error, string below, bool throughProxy) =>
        Origins.AddOrUpdate(error, new Origin(error, below, throughProxy));

    /// <summary>Finds the attempt in a request, or in a handler's copy of one.</summary>
    public static bool TryGet(HttpRequestMessage request, [NotNullWhen(true)] out HandshakeAttempt? attempt) =>
        request.Options.TryGetValue(Key, out attempt);

    public HttpRequestMessage CreateMarker(Uri uri)
    {
        var marker = new HttpRequestMessage(HttpMethod.Get, uri)
        {
            Version = MarkerVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (Request.HasHeaders)
        {
            foreach ((string name, HeaderStringValues values) in Request.Headers.NonValidated)
                marker.Headers.TryAddWithoutValidation(name, values);
        }

        if (Request.HasOptions)
        {
            foreach ((string name, object? value) in Request.Options)
                ((IDictionary<string, object?>)marker.Options)[name] = value;
        }

        marker.Options.Set(Key, this);
        return marker;
    }

    /// <summary>
    /// Called when the plugin accepts the marker. The first call starts the handshake timeout; retries do not restart
    /// it.
    /// </summary>
    public void TakeUp(WebSocketsOptions options, CancellationToken stopping = default)
    {
        lock (_sync)
        {
            _options = options;
            if (_deadline is not null || _isOver)
                return;
            _deadline = new HandshakeDeadline(options.HandshakeTimeout, options.TimeProvider);
            // The caller's own token: handlers above the plugin may not pass it on.
            _givenUp = caller.UnsafeRegister(static deadline => ((HandshakeDeadline)deadline!).End(), _deadline);
            _stopped = stopping.UnsafeRegister(static deadline => ((HandshakeDeadline)deadline!).End(), _deadline);
        }
    }

    /// <summary>
    /// Registers a connection that the plugin opened. If a handler above loses it, for example by throwing, it is
    /// disposed with the attempt.
    /// </summary>
    public void Track(UpgradedContent opened)
    {
        lock (_sync)
        {
            if (!_isOver)
            {
                _opened.Add(opened);
                return;
            }
        }

        opened.Dispose();
    }

    /// <summary>Ends the attempt and disposes every connection that was opened and not taken.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            if (_isOver)
                return;
            _isOver = true; // the other fields no longer change
        }

        foreach (UpgradedContent opened in _opened)
            opened.Dispose();

        // A handler above may have abandoned an attempt that is still running: stop it.
        _givenUp.Dispose();
        _stopped.Dispose();
        _deadline?.Dispose();
    }

    public sealed record Origin(Exception Error, string Below, bool ThroughProxy);
}
