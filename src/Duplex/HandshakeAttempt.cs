using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>
/// One call to open a session, as it travels through a client's handlers: it rides in the options of a marker request, which is never sent itself. The request's version, 0.0, is
/// one that the platform refuses before any traffic, so that a client without the plugin cannot send it by mistake.
/// </summary>
/// <remarks>Thread-safe: handlers above the plugin may send the marker, or copies of it, several times, even at once.</remarks>
/// <param name="request">What was asked for.</param>
/// <param name="caller">Whose call it is: handlers above the plugin may not pass this token on.</param>
internal sealed class HandshakeAttempt(WebSocketRequest request, CancellationToken caller = default) : IDisposable
{
    private static readonly HttpRequestOptionsKey<HandshakeAttempt> Key = new(EnginePlugin.Mark);
    private static readonly Version MarkerVersion = new(0, 0);

    private readonly Lock _sync = new();
    private readonly List<UpgradedContent> _opened = []; // under _sync

    // All under _sync. The first three are set by the plugin when it sees the marker first.
    private WebSocketsOptions? _options;
    private CancellationTokenSource? _deadline;
    private TimeLimit? _limit;
    private CancellationTokenRegistration _givenUp;
    private CancellationTokenRegistration _stopped;
    private CancellationToken _deadlineToken; // outlives its source
    private bool _isOver;

    /// <summary>What was asked for.</summary>
    public WebSocketRequest Request { get; } = request;

    /// <summary>The options of the plugin that took the marker up; null as long as none has.</summary>
    public WebSocketsOptions? Options
    {
        get
        {
            lock (_sync)
                return _options;
        }
    }

    /// <summary>Fires when the handshake has taken too long, or is over: by its caller, or because nobody waits for it any more.</summary>
    public CancellationToken Deadline
    {
        get
        {
            lock (_sync)
                return _deadlineToken;
        }
    }

    /// <summary>Finds the attempt in a request, or in a handler's copy of one.</summary>
    public static bool TryGet(HttpRequestMessage request, [NotNullWhen(true)] out HandshakeAttempt? attempt) => request.Options.TryGetValue(Key, out attempt);

    /// <summary>The marker.</summary>
    public HttpRequestMessage CreateMarker(Uri uri)
    {
        var marker = new HttpRequestMessage(HttpMethod.Get, uri) { Version = MarkerVersion, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
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

    /// <summary>The plugin takes the marker up. The time of a handshake begins here, once, however often it is tried.</summary>
    /// <param name="options">The plugin's options.</param>
    /// <param name="stopping">Fires when the plugin is disposed.</param>
    public void TakeUp(WebSocketsOptions options, CancellationToken stopping = default)
    {
        lock (_sync)
        {
            _options = options;
            if (_deadline is not null || _isOver)
                return;
            _deadline = new CancellationTokenSource();
            _deadlineToken = _deadline.Token;
            _limit = new TimeLimit(options.TimeProvider, options.HandshakeTimeout, _deadline.Cancel);
            _givenUp = caller.UnsafeRegister(static deadline => ((CancellationTokenSource)deadline!).Cancel(), _deadline);
            _stopped = stopping.UnsafeRegister(static deadline => ((CancellationTokenSource)deadline!).Cancel(), _deadline);
        }
    }

    /// <summary>The plugin has opened a connection. A handler above may lose it on its way to the caller, by throwing for one: it ends with the attempt.</summary>
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

    /// <summary>The attempt is over: whatever connection was opened and not taken ends.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            if (_isOver)
                return;
            _isOver = true; // nobody changes the rest any more
            if (_deadline is null)
                _deadlineToken = new CancellationToken(canceled: true);
        }

        foreach (UpgradedContent opened in _opened)
            opened.Dispose();

        // A handler above may have given up waiting without ending what it had begun: that ends here.
        _givenUp.Dispose();
        _stopped.Dispose();
        _limit?.Dispose();
        _deadline?.Cancel(); // not disposed: it has no timer, and the limit may be about to cancel it
    }
}
