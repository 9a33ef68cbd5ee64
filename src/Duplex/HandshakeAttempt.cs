using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// One call to open a session, in the options of a marker request that travels through the client's handlers. The
/// marker's version, 0.0, is refused by the platform, so a client without the plugin cannot send it.
/// </summary>
/// <remarks>Thread-safe: handlers above the plugin may send the marker repeatedly and concurrently.</remarks>
internal sealed class HandshakeAttempt(WebSocketRequest request, CancellationToken caller = default) : IDisposable
{
    private static readonly HttpRequestOptionsKey<HandshakeAttempt> Key = new(EnginePlugin.Mark);
    private static readonly Version MarkerVersion = new(0, 0);

    // From below the plugin. Weak: handlers above must see the original exceptions and may keep them.
    private static readonly ConditionalWeakTable<Exception, Origin> Origins = [];

    private readonly Lock _sync = new();
    private readonly List<OpenedContent> _opened = []; // under _sync

    // Under _sync. The plugin sets the first two when it first sees the marker.
    private WebSocketsOptions? _options;
    private HandshakeDeadline? _deadline;
    private CancellationTokenRegistration _givenUp;
    private CancellationTokenRegistration _stopped;
    private bool _isOver;
    private long _began;
    private Uri? _target;
    private HttpStatusCode? _answered;

    public WebSocketRequest Request { get; } = request;

    public WebSocketsOptions? Options
    {
        get
        {
            lock (_sync)
                return _options;
        }
    }

    /// <summary>The WebSocket URI that the plugin got last, which handlers above may have changed.</summary>
    public Uri? Target
    {
        get
        {
            lock (_sync)
                return _target;
        }

        set
        {
            lock (_sync)
                _target = value;
        }
    }

    /// <summary>The status of the last response that the plugin returned to the handlers above.</summary>
    public HttpStatusCode? Answered
    {
        get
        {
            lock (_sync)
                return _answered;
        }

        set
        {
            lock (_sync)
                _answered = value;
        }
    }

    /// <summary>The time since the plugin first saw the marker.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            lock (_sync)
                return _options?.TimeProvider.GetElapsedTime(_began) ?? TimeSpan.Zero;
        }
    }

    /// <summary>Also fires on cancellation and disposal; over until <see cref="TakeUp"/>.</summary>
    public HandshakeDeadline Deadline
    {
        get
        {
            lock (_sync)
                return _deadline ?? HandshakeDeadline.Over;
        }
    }

    public static Origin? OriginOf(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (Origins.TryGetValue(error, out Origin? origin))
                return origin;
        }

        return null;
    }

    public static void CameFromBelow(Exception error, string below, bool throughProxy) =>
        Origins.AddOrUpdate(error, new Origin(error, below, throughProxy));

    public static bool TryGet(HttpRequestMessage request, [NotNullWhen(true)] out HandshakeAttempt? attempt) =>
        request.Options.TryGetValue(Key, out attempt);

    public HttpRequestMessage CreateMarker(Uri uri)
    {
        var marker = new HttpRequestMessage(
            HttpMethod.Get, Request.LocalSocket?.ToHttp(uri) ?? WebSocketUri.ToHttpScheme(uri))
        {
            Version = MarkerVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (Request.HasHeaders)
        {
            foreach ((string name, HeaderStringValues values) in Request.CreatedHeaders.NonValidated)
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

    /// <summary>Retries do not restart the handshake timeout.</summary>
    public void TakeUp(WebSocketsOptions options, CancellationToken stopping = default)
    {
        lock (_sync)
        {
            _options = options;
            if (_deadline is not null || _isOver)
                return;
            _began = options.TimeProvider.GetTimestamp();
            _deadline = new HandshakeDeadline(options.HandshakeTimeout, options.TimeProvider);
            // The caller's own token: handlers above may not pass it on.
            _givenUp = caller.UnsafeRegister(static deadline => ((HandshakeDeadline)deadline!).End(), _deadline);
            _stopped = stopping.UnsafeRegister(static deadline => ((HandshakeDeadline)deadline!).End(), _deadline);
        }
    }

    /// <summary>A connection that a handler above loses is disposed with the attempt.</summary>
    public void Track(OpenedContent opened)
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

    public void Dispose()
    {
        lock (_sync)
        {
            if (_isOver)
                return;
            _isOver = true;
        }

        foreach (OpenedContent opened in _opened)
            opened.Dispose();

        // Stops an attempt that a handler above abandoned.
        _givenUp.Dispose();
        _stopped.Dispose();
        _deadline?.Dispose();
    }

    public sealed record Origin(Exception Error, string Below, bool ThroughProxy);
}
