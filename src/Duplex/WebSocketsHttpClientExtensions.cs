namespace Duplex;

/// <summary>Opens WebSocket sessions through an <see cref="HttpClient"/> that has the <see cref="WebSocketsHandler"/> plugin.</summary>
/// <remarks>
/// <para>
/// All of them: the URL is <c>ws</c>, <c>wss</c>, <c>http</c> or <c>https</c>, or relative to the client's base address. What is wrong with a call is an <see cref="ArgumentException"/>
/// before any traffic; a client without the plugin an <see cref="InvalidOperationException"/>, and what the plugin's engine cannot do a <see cref="NotSupportedException"/>, before any
/// traffic, too; a server, a network or a client that keeps a session from being opened a <see cref="WebSocketHandshakeException"/>. What a handler of your own throws comes as it is,
/// unless it is an <see cref="HttpRequestException"/> or <see cref="IOException"/>. <see cref="OperationCanceledException"/> only ever means that the call's own token fired.
/// </para>
/// <para>
/// The names: <c>WebSocket…</c> takes any of these URLs. <c>Wss…</c> never opens a plain connection: it throws an
/// <see cref="ArgumentException"/> before any traffic, also where the base address, <c>configure</c> or a handler made
/// the URL a plain one. <c>…Raw…</c> opens a session that delivers every frame as it came, and answers none.
/// <c>…Session…</c> opens a session that the caller disposes. The namespace <c>Duplex.Ktor</c> has Ktor's other names
/// and shapes.
/// </para>
/// <para>
/// Those with a block keep the session for as long as the block runs. The block, and nothing else, runs in the caller's <see cref="SynchronizationContext"/>, if it has one: await the
/// call, because a UI thread that blocks on it (<c>Wait()</c>, <c>Result</c>) keeps its own block from running. When the block returns, the session is closed with 1000 and the block's
/// value returned, in any case; when it throws, the session is closed with 1011 and the exception rethrown. The token ends the handshake; while the block runs, it closes the session with 1001, and when the block has ended the call
/// throws <see cref="OperationCanceledException"/>. Trouble while closing never replaces the block's value or exception.
/// </para>
/// </remarks>
public static partial class WebSocketsHttpClientExtensions
{
    private static Task<DefaultClientWebSocketSession> OpenAsync(HttpClient client, Uri? uri, bool secureOnly, Action<WebSocketRequest>? configure, CancellationToken token) =>
        OpenAsync(client, uri, secureOnly, configure, DefaultClientWebSocketSession.Open, token);

    internal static Task<ClientWebSocketSession> OpenRawAsync(HttpClient client, Uri? uri, bool secureOnly, Action<WebSocketRequest>? configure, CancellationToken token) =>
        OpenAsync(client, uri, secureOnly, configure, ClientWebSocketSession.Open, token);

    private static async Task<TSession> OpenAsync<TSession>(
        HttpClient client, Uri? uri, bool secureOnly, Action<WebSocketRequest>? configure, Func<UpgradedConnection, WebSocketsOptions, TSession> open, CancellationToken token)
    {
        (UpgradedConnection connection, WebSocketsOptions options) = await HandshakeClient.ConnectAsync(
            client,
            uri,
            request =>
            {
                request.IsRaw = typeof(TSession).IsAssignableTo(typeof(RawWebSocketSession));
                request.IsSecureOnly = secureOnly;
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

    internal static async Task<TResult> RunAsync<TSession, TResult>(Func<TSession, Task<TResult>> block, Task<TSession> opening, CancellationToken token)
        where TSession : WebSocketSession
    {
        // The block is the caller's code, and may touch a window: it alone runs in the caller's context. A handshake that fails does not need that.
        CallersContext callers = CallersContext.Capture();
        TSession session = await opening.ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            TResult result;
            using (token.UnsafeRegister(static session => ((WebSocketSession)session!).CloseAndDiscard(new CloseReason(CloseCode.GoingAway)), session))
            {
                try
                {
                    result = await callers.RunAsync(() => block(session)).ConfigureAwait(false);
                }
                catch (Exception e) when (token.IsCancellationRequested)
                {
                    // Said once more here: the block may have heard of the token before our own registration.
                    session.CloseAndDiscard(new CloseReason(CloseCode.GoingAway));
                    throw new OperationCanceledException("The call was cancelled while its block was running.", e, token);
                }
                catch (Exception e)
                {
                    await session.CloseWithErrorAsync(e, CancellationToken.None).ConfigureAwait(false);
                    throw;
                }
            }

            token.ThrowIfCancellationRequested();
            return result;
        }
    }

    internal static Func<TSession, Task<bool>> NoResult<TSession>(Func<TSession, Task> block)
    {
        ArgumentNullException.ThrowIfNull(block);
        return async session =>
        {
            await block(session).ConfigureAwait(false);
            return true;
        };
    }

    internal static T NotNull<T>(T argument, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(argument))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(argument, name);
        return argument;
    }
}
