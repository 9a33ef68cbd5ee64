using System.Runtime.Versioning;
using static Duplex.WebSocketsHttpClientExtensions;

namespace Duplex.Ktor;

public static partial class KtorHttpClientExtensions
{
    /// <summary>Opens a raw session over TLS while a block runs; refuses a plain URL.</summary>
    /// <exception cref="ArgumentException">The URL or its base address is not <c>wss</c> or <c>https</c>.</exception>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketAsync(HttpClient, string,
    /// Func{DefaultClientWebSocketSession, Task}, Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WssRawAsync(
        this HttpClient client,
        string url,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenRawAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task}, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WssRawAsync<TResult>(
        this HttpClient client,
        string url,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenRawAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <summary>Opens a raw session over TLS, which the caller disposes; refuses a plain URL.</summary>
    /// <exception cref="ArgumentException">The URL or its base address is not <c>wss</c> or <c>https</c>.</exception>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketSessionAsync(HttpClient, string,
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WssRawSessionAsync(
        this HttpClient client,
        string url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenRawAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure, cancellationToken);

    /// <inheritdoc cref="WssRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task}, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WssRawAsync(
        this HttpClient client,
        Uri url,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenRawAsync(client, NotNull(url), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssRawAsync(HttpClient, string, Func{ClientWebSocketSession, Task}, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WssRawAsync<TResult>(
        this HttpClient client,
        Uri url,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenRawAsync(client, NotNull(url), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WssRawSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WssRawSessionAsync(
        this HttpClient client,
        Uri url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenRawAsync(client, NotNull(url), secureOnly: true, configure, cancellationToken);

    /// <summary>Opens a raw session over TLS while a block runs; refuses a plain URL.</summary>
    /// <exception cref="ArgumentException">The URL or its base address is not <c>wss</c> or <c>https</c>.</exception>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketAsync(HttpClient, Action{WebSocketRequest},
    /// Func{DefaultClientWebSocketSession, Task}, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WssRawAsync(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<ClientWebSocketSession, Task> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenRawAsync(client, null, secureOnly: true, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssRawAsync(HttpClient, Action{WebSocketRequest}, Func{ClientWebSocketSession, Task},
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WssRawAsync<TResult>(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<ClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenRawAsync(client, null, secureOnly: true, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <summary>Opens a raw session over TLS, which the caller disposes; refuses a plain URL.</summary>
    /// <exception cref="ArgumentException">The URL or its base address is not <c>wss</c> or <c>https</c>.</exception>
    /// <inheritdoc cref="WebSocketsHttpClientExtensions.WebSocketSessionAsync(HttpClient, Action{WebSocketRequest},
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WssRawSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        OpenRawAsync(client, null, secureOnly: true, NotNull(configure), cancellationToken);
}
