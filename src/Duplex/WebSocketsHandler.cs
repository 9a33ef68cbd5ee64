using System.Net;

namespace Duplex;

/// <summary>
/// The plugin: an <see cref="HttpClient"/> with this handler opens WebSocket sessions. Ordinary requests pass
/// unchanged.
/// </summary>
/// <remarks>
/// <para>
/// Thread-safe. It chains like any <see cref="DelegatingHandler"/>, also with <c>IHttpClientFactory</c>. Disposing it,
/// or its client, ends handshakes in progress; open sessions stay open.
/// </para>
/// <para>
/// A handler above it (outside) sees a handshake as one GET request to an <c>http</c> or <c>https</c> URL, and its
/// response. It can change the URL, add headers, and send the request, or a copy with its options, again. With
/// <see cref="WebSocketEngines.Http"/>, a handler below it sees each attempt's real request.
/// </para>
/// <para>
/// Without an inner handler it creates one for ordinary requests and one for handshakes, which does not follow
/// redirects. Your own must not either: redirects would send the handshake's headers and cookies to another host.
/// </para>
/// <para>
/// A session over HTTP/1.1 takes its connection out of a <see cref="SocketsHttpHandler"/>. What the platform keeps for
/// a connection, 11 KiB, is freed then, and its metrics no longer count the connection. A handler that keeps the
/// response, and disposes it, does not end the session.
/// </para>
/// <para>
/// For that the plugin sets <see cref="SocketsHttpHandler.PlaintextStreamFilter"/> before the first request, unless it
/// is set. With another filter or primary handler, a handler below that wraps the stream, or one that has sent a
/// request before, HttpClient's part stays; through an HTTP proxy that of the tunnel stays. A synchronous
/// <see cref="HttpClient.Send(HttpRequestMessage)"/> over plain HTTP then waits for a thread of the pool, as it does
/// over TLS without the plugin.
/// </para>
/// </remarks>
public sealed class WebSocketsHandler : DelegatingHandler
{
    private readonly WebSocketsOptions _options;
    private readonly EnginePlugin _plugin;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _sync = new();

    // Under _sync. At the first send: IHttpClientFactory may set an inner handler until then.
    private bool _isReady;

    // Under _sync. Null if handshakes go to the inner handler.
    private HttpMessageInvoker? _handshakes;
    private SocketsHttpHandler? _ownPrimary;

    /// <summary>Creates the plugin with options.</summary>
    /// <param name="configure">Sets the options.</param>
    public WebSocketsHandler(Action<WebSocketsOptions>? configure = null) : this(Configured(configure)) { }

    /// <summary>
    /// Creates the plugin around a handler, whose proxy, certificates, cookies and credentials apply to sessions.
    /// </summary>
    /// <param name="innerHandler">A handler that does not follow redirects.</param>
    /// <param name="configure">Sets the options.</param>
    public WebSocketsHandler(HttpMessageHandler innerHandler, Action<WebSocketsOptions>? configure = null)
        : this(innerHandler, Configured(configure)) { }

    /// <summary>Creates the plugin with a copy of the options.</summary>
    /// <param name="options">The options, which may be shared; later changes have no effect.</param>
    /// <exception cref="NotSupportedException">An option was set that the engine cannot honour.</exception>
    public WebSocketsHandler(WebSocketsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfUnsupported();
        _options = options.Copy();
        _plugin = new EnginePlugin(
            SendHandshakeAsync,
            () => _ownPrimary ?? PrimaryHandler.Of(InnerHandler),
            _options.Subprotocols,
            _options.Extensions.Factories,
            _options.HandshakeStrictness,
            _options.LoggerFactory.CreateLogger("Duplex"),
            _options.TimeProvider,
            _stopping.Token);
    }

    /// <summary>Creates the plugin around a handler, with a copy of the options.</summary>
    /// <param name="innerHandler">A handler that does not follow redirects.</param>
    /// <param name="options">The options, which may be shared; later changes have no effect.</param>
    /// <exception cref="NotSupportedException">An option was set that the engine cannot honour.</exception>
    public WebSocketsHandler(HttpMessageHandler innerHandler, WebSocketsOptions options) : this(options)
    {
        ArgumentNullException.ThrowIfNull(innerHandler);
        InnerHandler = innerHandler;
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        if (HandshakeAttempt.TryGet(request, out HandshakeAttempt? attempt))
            return ShakeHandsAsync(request, attempt, cancellationToken);
        GetReady();
        return base.SendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        GetReady();
        if (HandshakeAttempt.TryGet(request, out _))
        {
            throw new NotSupportedException(
                "A WebSocket session is opened asynchronously. A handler above WebSocketsHandler used the " +
                "synchronous Send; let it use SendAsync.");
        }

        return base.Send(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stopping.Cancel();
            lock (_sync)
                _handshakes?.Dispose();
        }

        base.Dispose(disposing);
    }

    private static WebSocketsOptions Configured(Action<WebSocketsOptions>? configure)
    {
        var options = new WebSocketsOptions();
        configure?.Invoke(options);
        return options;
    }

    private void GetReady()
    {
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            if (_isReady)
                return;
            if (OperatingSystem.IsBrowser())
            {
                // The browser makes the requests, and the engine opens the connections by itself.
                InnerHandler ??= new HttpClientHandler();
            }
            else if (InnerHandler is not null)
            {
                // Before its first request: later it cannot be changed.
                TakeableStream.TryInstall(PrimaryHandler.Of(InnerHandler));
            }
            else
            {
                // Two, because ordinary requests follow redirects, as HttpClient's do by default. They share cookies.
                var ordinary = new SocketsHttpHandler();
                _ownPrimary = PrimaryHandler.ForHandshakes(ordinary.CookieContainer);
                _handshakes = new HttpMessageInvoker(LocalSocketHandler.Around(_ownPrimary));
                InnerHandler = ordinary;
            }

            _isReady = true;
        }
    }

    private async Task<HttpResponseMessage> ShakeHandsAsync(
        HttpRequestMessage marker, HandshakeAttempt attempt, CancellationToken token)
    {
        attempt.TakeUp(_options, _stopping.Token);
        _options.ThrowIfHeartbeat(attempt.Request.ReceiveMode);

        // A handler above may have changed the URL.
        attempt.Target = LocalSocket.Restore(
            WebSocketUri.Resolve(marker.RequestUri, baseAddress: null, attempt.Request.IsSecureOnly),
            attempt.Request.LocalSocket);
        if (LocalSocketUri.IsOne(attempt.Target))
            _options.Engine.Profile.Require(EngineCapability.LocalSockets, "The URL of a Unix socket or a named pipe");
        if (attempt.Request.IsRaw)
            _options.Engine.Profile.Require(EngineCapability.ControlFrames, "A raw session");

        try
        {
            EnginePlugin plugin = attempt.Request.WantsNewConnection
                ? _plugin with { Send = SendUnpooledAsync }
                : _plugin;
            HttpResponseMessage answer = await _options.Engine.OpenAsync(
                plugin, marker, attempt.Request, attempt.Deadline, token).ConfigureAwait(false);
            attempt.Answered = answer.StatusCode;
            if (answer.Content is OpenedContent opened)
                attempt.Track(opened);
            return answer;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            bool throughProxy = _options.Engine.Supports(EngineCapability.Response)
                && marker.RequestUri is { } target
                && PrimaryHandler.UsesProxy(_plugin.Primary(), target);
            HandshakeAttempt.CameFromBelow(e, _options.Engine.Below, throughProxy);
            throw;
        }
    }

    private Task<HttpResponseMessage> SendHandshakeAsync(HttpRequestMessage request, CancellationToken token)
    {
        GetReady();
        if (_handshakes is null)
        {
            ThrowIfRedirecting(InnerHandler);
            if (!OperatingSystem.IsBrowser())
                LocalSocketHandler.ThrowIfMissing(request, InnerHandler);
        }

        return _handshakes?.SendAsync(request, token) ?? base.SendAsync(request, token);
    }

    // A connection of HTTP/2 is used again, whatever its lifetime in the pool. Only a handler of its own is new.
    private async Task<HttpResponseMessage> SendUnpooledAsync(HttpRequestMessage request, CancellationToken token)
    {
        GetReady();
        if (OperatingSystem.IsBrowser() || _ownPrimary is not { } pooled)
            return await SendHandshakeAsync(request, token).ConfigureAwait(false);
        var own = new HttpMessageInvoker(
            LocalSocketHandler.Around(PrimaryHandler.ForOneHandshake(pooled.CookieContainer)));
        bool mayOpen = false;
        try
        {
            HttpResponseMessage response = await own.SendAsync(request, token).ConfigureAwait(false);
            mayOpen = response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.SwitchingProtocols;
            return response;
        }
        finally
        {
            // The pings of a session's connection end with its handler, which then lives as long as the connection.
            if (!mayOpen)
                own.Dispose();
        }
    }

    private static void ThrowIfRedirecting(HttpMessageHandler? handler)
    {
        while (handler is DelegatingHandler outer)
        {
            // It would treat our handshake as an ordinary request, and follow redirects.
            if (outer is WebSocketsHandler { InnerHandler: null } or WebSocketsHandler { _handshakes: not null })
            {
                throw new InvalidOperationException(
                    "There are two WebSocketsHandlers in one chain, and the lower one makes its own inner handler, " +
                    "which follows redirects. Remove one of them, or give the lower one an " +
                    "inner handler that does not.");
            }

            handler = outer.InnerHandler;
        }

        if (OperatingSystem.IsBrowser())
            return;
        if (handler is SocketsHttpHandler { AllowAutoRedirect: true } or HttpClientHandler { AllowAutoRedirect: true })
        {
            throw new InvalidOperationException(
                $"The {handler.GetType().Name} below WebSocketsHandler follows redirects by itself: a handshake's " +
                "headers and cookies would reach another host unseen. " +
                "Set its AllowAutoRedirect to false, or give WebSocketsHandler no inner handler. " +
                "With IHttpClientFactory: ConfigurePrimaryHttpMessageHandler(() => " +
                "new SocketsHttpHandler { AllowAutoRedirect = false }).");
        }
    }
}
