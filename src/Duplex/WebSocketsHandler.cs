using System.Net;
using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>
/// The plugin: with it among its handlers an <see cref="HttpClient"/> opens WebSocket sessions. Ordinary requests pass through it untouched.
/// </summary>
/// <remarks>
/// <para>Thread-safe. It chains like any <see cref="DelegatingHandler"/>, and works with <c>IHttpClientFactory</c>. Disposing it, or its client, leaves open sessions alone.</para>
/// <para>
/// Without an inner handler it makes its own: one for ordinary requests, one for handshakes, which does not follow redirects. An inner handler that you give must not follow them
/// either: a handshake's headers and cookies would go to another host before anybody sees it.
/// </para>
/// </remarks>
public class WebSocketsHandler : DelegatingHandler
{
    private readonly WebSocketsOptions _options;
    private readonly ILogger _logger;
    private readonly Lock _sync = new();

    // Both made at the first send, under _sync: until then IHttpClientFactory may give us an inner handler.
    private HttpMessageInvoker? _handshakes; // where handshakes go, if not to the inner handler
    private bool _isReady;

    /// <summary>Makes the plugin with options.</summary>
    /// <param name="configure">Sets the options.</param>
    public WebSocketsHandler(Action<WebSocketsOptions>? configure = null) : this(Configured(configure)) { }

    /// <summary>Makes the plugin around a handler that sends requests, whose proxy, certificates, cookies and credentials then hold for sessions, too.</summary>
    /// <param name="innerHandler">The handler, which must not follow redirects.</param>
    /// <param name="configure">Sets the options.</param>
    public WebSocketsHandler(HttpMessageHandler innerHandler, Action<WebSocketsOptions>? configure = null) : this(innerHandler, Configured(configure)) { }

    /// <summary>Makes the plugin with options, which become read-only.</summary>
    /// <param name="options">The options; several handlers may share them.</param>
    public WebSocketsHandler(WebSocketsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.MakeReadOnly();
        _options = options;
        _logger = options.LoggerFactory.CreateLogger("Duplex");
    }

    /// <summary>Makes the plugin around a handler, with options, which become read-only.</summary>
    /// <param name="innerHandler">The handler, which must not follow redirects.</param>
    /// <param name="options">The options; several handlers may share them.</param>
    public WebSocketsHandler(HttpMessageHandler innerHandler, WebSocketsOptions options) : this(options) => InnerHandler = innerHandler;

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        GetReady();
        return HandshakeAttempt.TryGet(request, out HandshakeAttempt? attempt) ? ShakeHandsAsync(request, attempt, cancellationToken) : base.SendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        GetReady();
        if (HandshakeAttempt.TryGet(request, out _))
            throw new NotSupportedException("A WebSocket session is opened asynchronously. A handler above WebSocketsHandler used the synchronous Send; let it use SendAsync.");
        return base.Send(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _handshakes?.Dispose();
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
            if (_isReady)
                return;
            if (InnerHandler is null)
            {
                // Two, because a user's ordinary requests may follow redirects, as HttpClient's do. They share their cookies.
                var ordinary = new SocketsHttpHandler();
                var handshakes = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = ordinary.CookieContainer };
                InnerHandler = ordinary;
                _handshakes = new HttpMessageInvoker(handshakes);
            }

            _isReady = true;
        }
    }

    private async Task<HttpResponseMessage> ShakeHandsAsync(HttpRequestMessage marker, HandshakeAttempt attempt, CancellationToken token)
    {
        attempt.TakeUp(_options);
        if (_handshakes is null)
            ThrowIfRedirecting(InnerHandler);

        IReadOnlyList<string> subprotocols = HandshakeHeaders.Subprotocols(attempt.Request.Subprotocols, marker.Headers, _options.Subprotocols);
        string key = HandshakeKey.Generate();
        HttpRequestMessage request = HttpUpgrade.CreateRequest(marker, subprotocols, key);
        string target = WebSocketUri.Describe(request.RequestUri!);
        Log.HandshakeStarted(_logger, target);

        using var either = CancellationTokenSource.CreateLinkedTokenSource(token, attempt.Deadline);
        HttpResponseMessage response;
        try
        {
            response = await (_handshakes is null ? base.SendAsync(request, either.Token) : _handshakes.SendAsync(request, either.Token)).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (attempt.Deadline.IsCancellationRequested && !token.IsCancellationRequested)
        {
            Log.HandshakeFailed(_logger, target, HandshakeCheck.Timeout);
            throw new WebSocketHandshakeException(
                HandshakeCheck.Timeout, $"The server did not answer the WebSocket handshake within the handshake timeout of {_options.HandshakeTimeout.TotalSeconds:0.###} s.", e);
        }

        if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            // Handlers above us see it as any other answer: one may fetch a new token, and send the marker again.
            Log.HandshakeRejected(_logger, target, (int)response.StatusCode);
            response.RequestMessage = marker;
            return response;
        }

        try
        {
            HandshakeAgreement agreement = HttpUpgrade.Check(request, response, subprotocols, key);
            Stream stream = await response.Content.ReadAsStreamAsync(CancellationToken.None).ConfigureAwait(false);
            attempt.Request.Uri = request.RequestUri;
            var call = new WebSocketCall(attempt.Request, new WebSocketHandshakeResponse(response), agreement.Subprotocol);
            Log.HandshakeSucceeded(_logger, target);
            return new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
            {
                Version = response.Version,
                RequestMessage = marker,
                Content = new UpgradedContent(new UpgradedConnection(stream, response, call)),
            };
        }
        catch (Exception e)
        {
            response.Dispose();
            if (e is WebSocketHandshakeException failure)
                Log.HandshakeFailed(_logger, target, failure.Check);
            throw;
        }
    }

    private static void ThrowIfRedirecting(HttpMessageHandler? handler)
    {
        while (handler is DelegatingHandler outer)
            handler = outer.InnerHandler;
        if (handler is SocketsHttpHandler { AllowAutoRedirect: true } or HttpClientHandler { AllowAutoRedirect: true })
        {
            throw new InvalidOperationException(
                $"The {handler.GetType().Name} below WebSocketsHandler follows redirects by itself: a handshake's headers and cookies would reach another host before anybody sees it. " +
                "Set its AllowAutoRedirect to false, or give WebSocketsHandler no inner handler.");
        }
    }
}
