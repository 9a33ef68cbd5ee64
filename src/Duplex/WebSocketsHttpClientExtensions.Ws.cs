namespace Duplex;

public static partial class WebSocketsHttpClientExtensions
{
    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task<TResult>> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NotNull(block), OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), OpenAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task<TResult>> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NotNull(block), OpenAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession, Task}, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client, Action<WebSocketRequest> configure, Func<DefaultClientWebSocketSession, Task> block, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), OpenAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession, Task}, CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client, Action<WebSocketRequest> configure, Func<DefaultClientWebSocketSession, Task<TResult>> block, CancellationToken cancellationToken = default) =>
        RunAsync(NotNull(block), OpenAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client, string host, int? port, string? path, Func<DefaultClientWebSocketSession, Task> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NoResult(block), OpenAsync(client, WebSocketUri.At(secure: false, host, port, path), secureOnly: false, configure, cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketAsync</c>: opens a session for as long as a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client, string host, int? port, string? path, Func<DefaultClientWebSocketSession, Task<TResult>> block, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        RunAsync(NotNull(block), OpenAsync(client, WebSocketUri.At(secure: false, host, port, path), secureOnly: false, configure, cancellationToken), cancellationToken);

    /// <summary>The short name of <c>WebSocketSessionAsync</c>: opens a session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client, string url, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken);

    /// <summary>The short name of <c>WebSocketSessionAsync</c>: opens a session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client, Uri url, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        OpenAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken);

    /// <summary>The short name of <c>WebSocketSessionAsync</c>: opens a session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, Action{WebSocketRequest}, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        OpenAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken);

    /// <summary>The short name of <c>WebSocketSessionAsync</c>: opens a session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, int?, string?, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client, string host, int? port, string? path, Action<WebSocketRequest>? configure = null, CancellationToken cancellationToken = default) =>
        OpenAsync(client, WebSocketUri.At(secure: false, host, port, path), secureOnly: false, configure, cancellationToken);
}
