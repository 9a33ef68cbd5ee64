using System.Runtime.Versioning;

namespace Duplex.Ktor;

public static partial class KtorHttpClientExtensions
{
    /// <summary>Opens a raw session while a block runs.</summary>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketAsync(HttpClient, string,
    /// Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WsRawAsync(
        this HttpClient client,
        string url,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(url, block, configure, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WsRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task}, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WsRawAsync<TResult>(
        this HttpClient client,
        string url,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(url, block, configure, cancellationToken);

    /// <summary>Opens a raw session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketSessionAsync(HttpClient, string,
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WsRawSessionAsync(
        this HttpClient client,
        string url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawSessionAsync(url, configure, cancellationToken);

    /// <inheritdoc cref="WsRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task}, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WsRawAsync(
        this HttpClient client,
        Uri url,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(url, block, configure, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WsRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task}, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WsRawAsync<TResult>(
        this HttpClient client,
        Uri url,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(url, block, configure, cancellationToken);

    /// <inheritdoc cref="WsRawSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WsRawSessionAsync(
        this HttpClient client,
        Uri url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawSessionAsync(url, configure, cancellationToken);

    /// <summary>Opens a raw session while a block runs.</summary>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketAsync(HttpClient, Action{WebSocketRequest},
    /// Func{DefaultClientWebSocketSession, Task}, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WsRawAsync(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<ClientWebSocketSession, Task> block,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(configure, block, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WsRawAsync(HttpClient, Action{WebSocketRequest}, Func{ClientWebSocketSession, Task},
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WsRawAsync<TResult>(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<ClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(configure, block, cancellationToken);

    /// <summary>Opens a raw session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketSessionAsync(HttpClient, Action{WebSocketRequest},
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WsRawSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        client.WebSocketRawSessionAsync(configure, cancellationToken);
}
