namespace Duplex.Ktor;

/// <summary>
/// Ktor's other names, for ported code: the short <c>Ws…</c>, the raw <c>Wss…</c>, and all with host, port and path.
/// They behave as <see cref="WebSocketsHttpClientExtensions"/>.
/// </summary>
public static partial class KtorHttpClientExtensions
{
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketAsync(HttpClient, string,
    /// Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client,
        string url,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(url, block, configure, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WsAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client,
        string url,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(url, block, configure, cancellationToken);

    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketSessionAsync(HttpClient, string,
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client,
        string url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketSessionAsync(url, configure, cancellationToken);

    /// <inheritdoc cref="WsAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client,
        Uri url,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(url, block, configure, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WsAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client,
        Uri url,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(url, block, configure, cancellationToken);

    /// <inheritdoc cref="WsSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client,
        Uri url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketSessionAsync(url, configure, cancellationToken);

    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketAsync(HttpClient, Action{WebSocketRequest},
    /// Func{DefaultClientWebSocketSession, Task}, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<DefaultClientWebSocketSession, Task> block,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(configure, block, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WsAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession, Task},
    /// CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(configure, block, cancellationToken);

    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketSessionAsync(HttpClient, Action{WebSocketRequest},
    /// CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        client.WebSocketSessionAsync(configure, cancellationToken);
}
