namespace Duplex;

/// <summary>
/// Opens WebSocket sessions through an <see cref="HttpClient"/> with the <see cref="WebSocketsHandler"/> plugin.
/// </summary>
/// <remarks>
/// <para>
/// The URL is <c>ws</c>, <c>wss</c>, <c>http</c> or <c>https</c>, or relative to the client's base address. Before any
/// traffic, an invalid call throws <see cref="ArgumentException"/>, a client without the plugin
/// <see cref="InvalidOperationException"/>, and a capability that the engine lacks <see cref="NotSupportedException"/>.
/// <see cref="WebSocketHandshakeException"/> means that server, network or client prevented the session. Your own
/// handlers' exceptions pass through, except <see cref="HttpRequestException"/> and <see cref="IOException"/>.
/// <see cref="OperationCanceledException"/> always means that the call's own token was cancelled.
/// </para>
/// <para>
/// <c>WebSocket…</c> takes any of these URLs. <c>Wss…</c> never connects without TLS: it throws
/// <see cref="ArgumentException"/> before any traffic, even if the base address, <c>configure</c> or a handler made the
/// URL a plain one. <c>…Raw…</c> opens a session that delivers every frame as received and answers none,
/// <c>…Session…</c> one that the caller disposes. The namespace <c>Duplex.Ktor</c> has Ktor's other names.
/// </para>
/// <para>
/// A call with a block keeps the session open while the block runs, in the caller's
/// <see cref="SynchronizationContext"/>, if any. Await the call: a UI thread that blocks on it (<c>Wait()</c>,
/// <c>Result</c>) keeps its own block from running. When the block returns, the session is closed with 1000, and the
/// call returns its value. When it throws, the session is closed with 1011, and the call rethrows. Errors during the
/// close never replace either. The token cancels the handshake; while the block runs, it closes the session with 1001.
/// The call then throws <see cref="OperationCanceledException"/> once the block has ended.
/// </para>
/// </remarks>
public static partial class WebSocketsHttpClientExtensions
{
    private static Task<DefaultClientWebSocketSession> OpenAsync(
        HttpClient client, Uri? uri, bool secureOnly, Action<WebSocketRequest>? configure, CancellationToken token) =>
        OpenAsync(client, uri, secureOnly, configure, DefaultClientWebSocketSession.Open, token);

    internal static Task<ClientWebSocketSession> OpenRawAsync(
        HttpClient client, Uri? uri, bool secureOnly, Action<WebSocketRequest>? configure, CancellationToken token) =>
        OpenAsync(client, uri, secureOnly, configure, ClientWebSocketSession.Open, token);

    private static async Task<TSession> OpenAsync<TSession>(
        HttpClient client,
        Uri? uri,
        bool secureOnly,
        Action<WebSocketRequest>? configure,
        Func<OpenedConnection, WebSocketsOptions, TSession> open,
        CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(client);
        var request = new WebSocketRequest
        {
            Uri = uri,
            IsRaw = typeof(TSession).IsAssignableTo(typeof(RawWebSocketSession)),
            IsSecureOnly = secureOnly,
        };
        request.UseDefaults(client.DefaultRequestVersion, client.DefaultVersionPolicy);
        configure?.Invoke(request);
        return await OpenAsync(client, request, reached: null, open, token).ConfigureAwait(false);
    }

    /// <param name="client">The client.</param>
    /// <param name="request">What to open.</param>
    /// <param name="heartbeat">In place of the plugin's; null for the plugin's.</param>
    /// <param name="reached">As in <see cref="HandshakeClient"/>.</param>
    /// <param name="token">Cancels the handshake.</param>
    internal static Task<DefaultClientWebSocketSession> OpenAsync(
        HttpClient client, WebSocketRequest request, Heartbeat? heartbeat, Action<WebSocketsOptions>? reached,
        CancellationToken token) =>
        OpenAsync(
            client, request, reached,
            (connection, options) =>
                DefaultClientWebSocketSession.Open(connection, options.WithHeartbeat(heartbeat)),
            token);

    private static async Task<TSession> OpenAsync<TSession>(
        HttpClient client,
        WebSocketRequest request,
        Action<WebSocketsOptions>? reached,
        Func<OpenedConnection, WebSocketsOptions, TSession> open,
        CancellationToken token)
    {
        (OpenedConnection connection, WebSocketsOptions options) = await HandshakeClient.ConnectAsync(
            client, request, reached, token).ConfigureAwait(false);
        try
        {
            return open(connection, options);
        }
        catch
        {
            connection.Dispose(); // the user's logger or meter factory may throw
            throw;
        }
    }

    internal static async Task<TResult> RunAsync<TSession, TResult>(
        Func<TSession, Task<TResult>> block, Task<TSession> opening, CancellationToken token)
        where TSession : WebSocketSession
    {
        // The block is the caller's code, and may touch UI.
        CallersContext callers = CallersContext.Capture();
        TSession session = await opening.ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            TResult result;
            using (token.UnsafeRegister(
                static session => ((WebSocketSession)session!).CloseAndDiscard(new CloseReason(CloseCode.GoingAway)),
                session))
            {
                try
                {
                    result = await callers.RunAsync(() => block(session)).ConfigureAwait(false);
                }
                catch (Exception e) when (token.IsCancellationRequested)
                {
                    // The block may have seen the cancellation before our registration ran.
                    session.CloseAndDiscard(new CloseReason(CloseCode.GoingAway));
                    throw new OperationCanceledException(
                        "The call was cancelled while its block was running.", e, token);
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

    internal static T NotNull<T>(
        T argument, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(argument))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(argument, name);
        return argument;
    }
}
