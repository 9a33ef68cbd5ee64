using System.Runtime.Versioning;

namespace Duplex;

public static partial class WebSocketsHttpClientExtensions
{
    /// <summary>Opens a raw session while a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WebSocketRawAsync(
        this HttpClient client,
        string url,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenRawAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WebSocketRawAsync<TResult>(
        this HttpClient client,
        string url,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenRawAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WebSocketRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WebSocketRawAsync(
        this HttpClient client,
        Uri url,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenRawAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WebSocketRawAsync<TResult>(
        this HttpClient client,
        Uri url,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenRawAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <summary>Opens a raw session while a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession,
    /// Task}, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WebSocketRawAsync(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<ClientWebSocketSession, Task> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenRawAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketRawAsync(HttpClient, Action{WebSocketRequest}, Func{ClientWebSocketSession, Task},
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WebSocketRawAsync<TResult>(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<ClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenRawAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <summary>Opens a raw session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WebSocketRawSessionAsync(
        this HttpClient client,
        string url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenRawAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken);

    /// <inheritdoc cref="WebSocketRawSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WebSocketRawSessionAsync(
        this HttpClient client,
        Uri url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenRawAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken);

    /// <summary>Opens a raw session, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, Action{WebSocketRequest}, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WebSocketRawSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        OpenRawAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken);
}
