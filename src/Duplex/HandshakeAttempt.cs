using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>
/// One call to open a session, as it travels through a client's handlers: it rides in the options of a marker request, which is never sent itself. The request's version, 0.0, is
/// one that the platform refuses before any traffic, so that a client without the plugin cannot send it by mistake.
/// </summary>
internal sealed class HandshakeAttempt(WebSocketRequest request) : IDisposable
{
    private static readonly HttpRequestOptionsKey<HandshakeAttempt> Key = new("Duplex.HandshakeAttempt");
    private static readonly Version MarkerVersion = new(0, 0);

    // Both set by the handler when it sees the marker first; handlers above it may send it again, one time after the other.
    private CancellationTokenSource? _deadline;

    /// <summary>What was asked for.</summary>
    public WebSocketRequest Request { get; } = request;

    /// <summary>The options of the plugin that took the marker up; null as long as none has.</summary>
    public WebSocketsOptions? Options { get; private set; }

    /// <summary>Fires when the handshake has taken too long.</summary>
    public CancellationToken Deadline => _deadline?.Token ?? CancellationToken.None;

    /// <summary>The marker.</summary>
    public HttpRequestMessage CreateMarker(Uri uri)
    {
        var marker = new HttpRequestMessage(HttpMethod.Get, uri) { Version = MarkerVersion, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in Request.Headers.NonValidated)
            marker.Headers.TryAddWithoutValidation(name, values);
        foreach ((string name, object? value) in Request.Options)
            ((IDictionary<string, object?>)marker.Options)[name] = value;
        marker.Options.Set(Key, this);
        return marker;
    }

    /// <summary>Finds the attempt in a request, or in a handler's copy of one.</summary>
    public static bool TryGet(HttpRequestMessage request, [NotNullWhen(true)] out HandshakeAttempt? attempt) => request.Options.TryGetValue(Key, out attempt);

    /// <summary>The plugin takes the marker up. The time of a handshake begins here, once, however often it is tried.</summary>
    public void TakeUp(WebSocketsOptions options)
    {
        Options = options;
        _deadline ??= new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
    }

    public void Dispose() => _deadline?.Dispose();
}
