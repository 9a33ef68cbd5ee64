using System.Runtime.CompilerServices;

namespace Duplex;

public static partial class WebSocketsHttpClientExtensions
{
    /// <summary>Opens a session over TLS while a block runs. A plain URL is refused before any traffic.</summary>
    /// <exception cref="ArgumentException">
    /// The URL, or its base address, is invalid or not <c>wss</c> or <c>https</c>.
    /// </exception>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WssAsync(
        this HttpClient client,
        string url,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WssAsync<TResult>(
        this HttpClient client,
        string url,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WssAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WssAsync(
        this HttpClient client,
        Uri url,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, NotNull(url), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WssAsync<TResult>(
        this HttpClient client,
        Uri url,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, NotNull(url), secureOnly: true, configure, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WssAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)] // a literal `default` is the token
    public static Task WssAsync(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NoResult(block),
            OpenAsync(
                client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure: null, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<TResult> WssAsync<TResult>(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NotNull(block),
            OpenAsync(
                client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure: null, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WssAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task WssAsync(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, NotNull(url), secureOnly: true, configure: null, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<TResult> WssAsync<TResult>(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, NotNull(url), secureOnly: true, configure: null, cancellationToken),
            cancellationToken);

    /// <summary>Opens a session over TLS while a block runs. A plain URL is refused before any traffic.</summary>
    /// <exception cref="ArgumentException">
    /// The URL, or its base address, is invalid or not <c>wss</c> or <c>https</c>.
    /// </exception>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession,
    /// Task}, CancellationToken)"/>
    public static Task WssAsync(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<DefaultClientWebSocketSession, Task> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, null, secureOnly: true, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WssAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession, Task},
    /// CancellationToken)"/>
    public static Task<TResult> WssAsync<TResult>(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, null, secureOnly: true, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <summary>
    /// Opens a session over TLS, which the caller disposes. A plain URL is refused before any traffic.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The URL, or its base address, is invalid or not <c>wss</c> or <c>https</c>.
    /// </exception>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WssSessionAsync(
        this HttpClient client,
        string url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure, cancellationToken);

    /// <inheritdoc cref="WssSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WssSessionAsync(
        this HttpClient client,
        Uri url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenAsync(client, NotNull(url), secureOnly: true, configure, cancellationToken);

    /// <inheritdoc cref="WssSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<DefaultClientWebSocketSession> WssSessionAsync(
        this HttpClient client, string url, CancellationToken cancellationToken) =>
        OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: true, configure: null, cancellationToken);

    /// <inheritdoc cref="WssSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<DefaultClientWebSocketSession> WssSessionAsync(
        this HttpClient client, Uri url, CancellationToken cancellationToken) =>
        OpenAsync(client, NotNull(url), secureOnly: true, configure: null, cancellationToken);

    /// <summary>
    /// Opens a session over TLS, which the caller disposes. A plain URL is refused before any traffic.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The URL, or its base address, is invalid or not <c>wss</c> or <c>https</c>.
    /// </exception>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, Action{WebSocketRequest}, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WssSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        OpenAsync(client, null, secureOnly: true, NotNull(configure), cancellationToken);
}
