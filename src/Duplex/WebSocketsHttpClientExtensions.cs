namespace Duplex;

/// <summary>Opens WebSocket sessions through an <see cref="HttpClient"/> that has the <see cref="WebSocketsHandler"/> plugin.</summary>
/// <remarks>
/// <para>
/// All of them: the URL is <c>ws</c>, <c>wss</c>, <c>http</c> or <c>https</c>, or relative to the client's base address. What is wrong with a call is an <see cref="ArgumentException"/>
/// before any traffic; a client without the plugin an <see cref="InvalidOperationException"/>, and what the plugin's engine cannot do a <see cref="NotSupportedException"/>, before any
/// traffic, too; whatever else keeps a session from being opened a
/// <see cref="WebSocketHandshakeException"/>. <see cref="OperationCanceledException"/> only ever means that the call's own token fired.
/// </para>
/// <para>
/// Those with a block keep the session for as long as the block runs. When it returns, the session is closed with 1000 and the block's value returned, in any case; when it throws, the
/// session is closed with 1011 and the exception rethrown. The token ends the handshake; while the block runs, it closes the session with 1001, and when the block has ended the call
/// throws <see cref="OperationCanceledException"/>. Trouble while closing never replaces the block's value or exception.
/// </para>
/// </remarks>
public static class WebSocketsHttpClientExtensions
{
    /// <summary>Opens a session, which the caller disposes.</summary>
    /// <param name="client">The client.</param>
    /// <param name="url">Where to connect.</param>
    /// <param name="configure">Adds headers, subprotocols, options.</param>
    /// <param name="cancellationToken">Ends the handshake; no matter of the session afterwards.</param>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client, string url, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), configure, DefaultClientWebSocketSession.Open, cancellationToken);

    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client, Uri url, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        OpenAsync(client, NotNull(url), configure, DefaultClientWebSocketSession.Open, cancellationToken);

    /// <summary>Opens a session, which the caller disposes.</summary>
    /// <param name="client">The client.</param>
    /// <param name="configure">Sets the request's <see cref="WebSocketRequest.Uri"/>, and what else it needs.</param>
    /// <param name="cancellationToken">Ends the handshake; no matter of the session afterwards.</param>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        OpenAsync(client, null, NotNull(configure), DefaultClientWebSocketSession.Open, cancellationToken);

    /// <summary>Opens a session for as long as a block runs.</summary>
    /// <param name="client">The client.</param>
    /// <param name="url">Where to connect.</param>
    /// <param name="block">What to do with the session.</param>
    /// <param name="configure">Adds headers, subprotocols, options.</param>
    /// <param name="cancellationToken">Ends the handshake, or closes the session with 1001 while the block runs.</param>
    public static Task WebSocketAsync(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), WebSocketSessionAsync(client, url, configure, cancellationToken), cancellationToken);

    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WebSocketAsync(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), WebSocketSessionAsync(client, url, configure, cancellationToken), cancellationToken);

    /// <summary>Opens a session for as long as a block runs.</summary>
    /// <param name="client">The client.</param>
    /// <param name="configure">Sets the request's <see cref="WebSocketRequest.Uri"/>, and what else it needs.</param>
    /// <param name="block">What to do with the session.</param>
    /// <param name="cancellationToken">Ends the handshake, or closes the session with 1001 while the block runs.</param>
    public static Task WebSocketAsync(
        this HttpClient client, Action<WebSocketRequest> configure, Func<DefaultClientWebSocketSession, Task> block, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), WebSocketSessionAsync(client, configure, cancellationToken), cancellationToken);

    /// <summary>Opens a session for as long as a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task<TResult>> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NotNull(block), WebSocketSessionAsync(client, url, configure, cancellationToken), cancellationToken);

    /// <inheritdoc cref="WebSocketAsync{TResult}(HttpClient, string, Func{DefaultClientWebSocketSession, Task{TResult}}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task<TResult>> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NotNull(block), WebSocketSessionAsync(client, url, configure, cancellationToken), cancellationToken);

    /// <summary>Opens a session for as long as a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession, Task}, CancellationToken)"/>
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client, Action<WebSocketRequest> configure, Func<DefaultClientWebSocketSession, Task<TResult>> block, CancellationToken cancellationToken = default) =>
        RunAsync(NotNull(block), WebSocketSessionAsync(client, configure, cancellationToken), cancellationToken);

    /// <summary>Opens a raw session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<ClientWebSocketSession> WebSocketRawSessionAsync(
        this HttpClient client, string url, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), configure, ClientWebSocketSession.Open, cancellationToken);

    /// <inheritdoc cref="WebSocketRawSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<ClientWebSocketSession> WebSocketRawSessionAsync(
        this HttpClient client, Uri url, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        OpenAsync(client, NotNull(url), configure, ClientWebSocketSession.Open, cancellationToken);

    /// <summary>Opens a raw session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, Action{WebSocketRequest}, CancellationToken)"/>
    public static Task<ClientWebSocketSession> WebSocketRawSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        OpenAsync(client, null, NotNull(configure), ClientWebSocketSession.Open, cancellationToken);

    /// <summary>Opens a raw session for as long as a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WebSocketRawAsync(
        this HttpClient client, string url, Func<ClientWebSocketSession, Task> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), WebSocketRawSessionAsync(client, url, configure, cancellationToken), cancellationToken);

    /// <inheritdoc cref="WebSocketRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WebSocketRawAsync(
        this HttpClient client, Uri url, Func<ClientWebSocketSession, Task> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), WebSocketRawSessionAsync(client, url, configure, cancellationToken), cancellationToken);

    /// <summary>Opens a raw session for as long as a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession, Task}, CancellationToken)"/>
    public static Task WebSocketRawAsync(
        this HttpClient client, Action<WebSocketRequest> configure, Func<ClientWebSocketSession, Task> block, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), WebSocketRawSessionAsync(client, configure, cancellationToken), cancellationToken);

    private static async Task<TSession> OpenAsync<TSession>(
        HttpClient client, Uri? uri, Action<WebSocketRequest>? configure, Func<UpgradedConnection, WebSocketsOptions, TSession> open, CancellationToken token)
    {
        (UpgradedConnection connection, WebSocketsOptions options) = await HandshakeEdge.ConnectAsync(
            client,
            uri,
            request =>
            {
                request.IsRaw = typeof(TSession).IsAssignableTo(typeof(RawWebSocketSession));
                configure?.Invoke(request);
            },
            token).ConfigureAwait(false);
        try
        {
            return open(connection, options);
        }
        catch
        {
            connection.Dispose(); // a logger factory of the user's may throw
            throw;
        }
    }

    private static async Task<TResult> RunAsync<TSession, TResult>(Func<TSession, Task<TResult>> block, Task<TSession> opening, CancellationToken token)
        where TSession : WebSocketSession
    {
        TSession session = await opening.ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            TResult result;
            using (token.UnsafeRegister(static session => ((WebSocketSession)session!).Leave(new CloseReason(CloseCode.GoingAway)), session))
            {
                try
                {
                    result = await block(session).ConfigureAwait(false);
                }
                catch (Exception e) when (token.IsCancellationRequested)
                {
                    // Said once more here: the block may have heard of the token before our own registration.
                    session.Leave(new CloseReason(CloseCode.GoingAway));
                    throw new OperationCanceledException("The call was cancelled while its block was running.", e, token);
                }
                catch (Exception e)
                {
                    await session.CloseAsync(e, CancellationToken.None).ConfigureAwait(false);
                    throw;
                }
            }

            token.ThrowIfCancellationRequested();
            return result;
        }
    }

    private static Func<TSession, Task<bool>> NoResult<TSession>(Func<TSession, Task> block)
    {
        ArgumentNullException.ThrowIfNull(block);
        return async session =>
        {
            await block(session).ConfigureAwait(false);
            return true;
        };
    }

    private static T NotNull<T>(T argument, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(argument))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(argument, name);
        return argument;
    }
}
