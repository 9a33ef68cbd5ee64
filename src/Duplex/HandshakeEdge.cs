namespace Duplex;

/// <summary>Opens a connection through an <see cref="HttpClient"/>: where whatever may go wrong becomes one exception of ours, and only the caller's token a cancellation.</summary>
internal static class HandshakeEdge
{
    /// <summary>Opens a connection.</summary>
    /// <param name="client">The client.</param>
    /// <param name="uri">Where to; null if <paramref name="configure"/> sets it.</param>
    /// <param name="configure">Completes the request.</param>
    /// <param name="token">Ends the handshake.</param>
    public static async Task<(UpgradedConnection Connection, WebSocketsOptions Options)> ConnectAsync(
        HttpClient client, Uri? uri, Action<WebSocketRequest>? configure, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(client);
        var request = new WebSocketRequest { Uri = uri, Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        configure?.Invoke(request);
        Uri target = WebSocketUri.Resolve(request.Uri, client.BaseAddress);
        HandshakeHeaders.Check(request.Headers);
        ThrowIfNotHttp11(request);

        using var attempt = new HandshakeAttempt(request);
        using HttpResponseMessage response = await SendAsync(client, attempt, target, token).ConfigureAwait(false);
        if (response.Content is UpgradedContent content && content.TryTake() is { } connection)
            return (connection, attempt.Options!);
        if (attempt.Options is null)
            throw NotInstalled(null);

        using var either = CancellationTokenSource.CreateLinkedTokenSource(token, attempt.Deadline);
        WebSocketHandshakeException rejection = await HttpUpgrade.RejectionAsync(response, either.Token).ConfigureAwait(false);
        token.ThrowIfCancellationRequested();
        throw rejection;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HandshakeAttempt attempt, Uri target, CancellationToken token)
    {
        try
        {
            // Headers only: reading the content would be reading the session.
            return await client.SendAsync(attempt.CreateMarker(target), HttpCompletionOption.ResponseHeadersRead, token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            throw new OperationCanceledException(token);
        }
        catch (OperationCanceledException e) when (e.InnerException is TimeoutException)
        {
            throw new WebSocketHandshakeException(
                HandshakeCheck.Timeout, $"The WebSocket handshake did not end within HttpClient.Timeout, {client.Timeout.TotalSeconds:0.###} s.", e);
        }
        catch (OperationCanceledException e)
        {
            throw new WebSocketHandshakeException(
                HandshakeCheck.Disposed, "The HttpClient was disposed, or its pending requests were cancelled, while the WebSocket handshake was in progress.", e);
        }
        catch (ObjectDisposedException e)
        {
            throw new WebSocketHandshakeException(HandshakeCheck.Disposed, "The HttpClient, or a handler of it, is disposed. Keep it alive until the session is open.", e);
        }
        catch (HttpRequestException e) when (attempt.Options is not null)
        {
            throw new WebSocketHandshakeException(HandshakeCheck.Transport, "The WebSocket handshake failed on its way: see the inner exception.", e);
        }
        catch (Exception e) when (attempt.Options is null && e is NotSupportedException or HttpRequestException)
        {
            throw NotInstalled(e);
        }
    }

    private static InvalidOperationException NotInstalled(Exception? inner) => new(
        "The HttpClient has no WebSockets plugin. Create it with one, new HttpClient(new WebSocketsHandler()), or add a WebSocketsHandler to its factory's handlers. " +
        "If there is one, a handler above it answered, or copied the request without its Options.", inner);

    private static void ThrowIfNotHttp11(WebSocketRequest request)
    {
        bool orLower = request.VersionPolicy == HttpVersionPolicy.RequestVersionOrLower;
        bool orHigher = request.VersionPolicy == HttpVersionPolicy.RequestVersionOrHigher;
        if (request.Version.Major == 1 ? request.Version.Minor >= 1 || orHigher : orLower)
            return;
        throw new ArgumentException(
            $"A WebSocket session is opened over HTTP/1.1, but the request demands HTTP/{request.Version} ({request.VersionPolicy}). Ask for 1.1, or let VersionPolicy be RequestVersionOrLower.", nameof(request));
    }
}
