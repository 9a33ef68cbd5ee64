using System.Runtime.CompilerServices;

namespace Duplex;

public static partial class WebSocketsHttpClientExtensions
{
    /// <summary>Opens a session while a block runs.</summary>
    /// <remarks>
    /// Await the call: a UI thread that blocks on it waits indefinitely, because its block cannot run.
    /// </remarks>
    /// <param name="client">The client.</param>
    /// <param name="url">The URL to connect to.</param>
    /// <param name="block">The code that uses the session.</param>
    /// <param name="configure">Adds headers, subprotocols, options.</param>
    /// <param name="cancellationToken">
    /// Cancels the handshake. While the block runs, closes the session with 1001.
    /// </param>
    /// <exception cref="ArgumentException">The URL or a setting is invalid. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">
    /// The client has no <see cref="WebSocketsHandler"/>, or a handler unfit for it.
    /// </exception>
    /// <exception cref="NotSupportedException">The engine lacks a needed capability. Nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The server refused, its response was invalid or late, or the connection failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <example>
    /// <code>
    /// await client.WebSocketAsync("wss://example.test/feed", async session =>
    /// {
    ///     await session.SendAsync("subscribe");
    ///     await foreach (Frame frame in session.Incoming)
    ///         Console.WriteLine(frame);
    /// });
    /// </code>
    /// </example>
    public static Task WebSocketAsync(
        this HttpClient client,
        string url,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client,
        string url,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WebSocketAsync(
        this HttpClient client,
        Uri url,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client,
        Uri url,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)] // a literal `default` is the token
    public static Task WebSocketAsync(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NoResult(block),
            OpenAsync(
                client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure: null, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client, string url, Func<DefaultClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NotNull(block),
            OpenAsync(
                client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure: null, cancellationToken),
            cancellationToken);

    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task WebSocketAsync(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, NotNull(url), secureOnly: false, configure: null, cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client, Uri url, Func<DefaultClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, NotNull(url), secureOnly: false, configure: null, cancellationToken),
            cancellationToken);

    /// <summary>Opens a session while a block runs.</summary>
    /// <remarks>
    /// Await the call: a UI thread that blocks on it waits indefinitely, because its block cannot run.
    /// </remarks>
    /// <param name="client">The client.</param>
    /// <param name="configure">Sets the <see cref="WebSocketRequest.Uri"/>, headers, subprotocols and options.</param>
    /// <param name="block">The code that uses the session.</param>
    /// <param name="cancellationToken">
    /// Cancels the handshake. While the block runs, closes the session with 1001.
    /// </param>
    /// <exception cref="ArgumentException">The URL or a setting is invalid. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">
    /// The client has no <see cref="WebSocketsHandler"/>, or a handler unfit for it.
    /// </exception>
    /// <exception cref="NotSupportedException">The engine lacks a needed capability. Nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The server refused, its response was invalid or late, or the connection failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Task WebSocketAsync(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<DefaultClientWebSocketSession, Task> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NoResult(block),
            OpenAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, Action{WebSocketRequest}, Func{DefaultClientWebSocketSession,
    /// Task}, CancellationToken)"/>
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client,
        Action<WebSocketRequest> configure,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        CancellationToken cancellationToken = default) =>
        RunAsync(
            NotNull(block),
            OpenAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken),
            cancellationToken);

    /// <summary>Opens a session, which the caller disposes.</summary>
    /// <param name="client">The client.</param>
    /// <param name="url">The URL to connect to.</param>
    /// <param name="configure">Adds headers, subprotocols, options.</param>
    /// <param name="cancellationToken">Cancels the handshake; no effect once the session is open.</param>
    /// <exception cref="ArgumentException">The URL or a setting is invalid. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">
    /// The client has no <see cref="WebSocketsHandler"/>, or a handler unfit for it.
    /// </exception>
    /// <exception cref="NotSupportedException">The engine lacks a needed capability. Nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The server refused, its response was invalid or late, or the connection failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <example>
    /// <code>
    /// await using DefaultClientWebSocketSession session =
    ///     await client.WebSocketSessionAsync("wss://example.test/feed", cancellationToken);
    /// await session.SendAsync("subscribe", cancellationToken);
    /// </code>
    /// </example>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client,
        string url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure, cancellationToken);

    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client,
        Uri url,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        OpenAsync(client, NotNull(url), secureOnly: false, configure, cancellationToken);

    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client, string url, CancellationToken cancellationToken) =>
        OpenAsync(client, WebSocketUri.Parse(url, nameof(url)), secureOnly: false, configure: null, cancellationToken);

    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, Action{WebSocketRequest}?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client, Uri url, CancellationToken cancellationToken) =>
        OpenAsync(client, NotNull(url), secureOnly: false, configure: null, cancellationToken);

    /// <summary>Opens a session, which the caller disposes.</summary>
    /// <param name="client">The client.</param>
    /// <param name="configure">Sets the <see cref="WebSocketRequest.Uri"/>, headers, subprotocols and options.</param>
    /// <param name="cancellationToken">Cancels the handshake; no effect once the session is open.</param>
    /// <exception cref="ArgumentException">The URL or a setting is invalid. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">
    /// The client has no <see cref="WebSocketsHandler"/>, or a handler unfit for it.
    /// </exception>
    /// <exception cref="NotSupportedException">The engine lacks a needed capability. Nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The server refused, its response was invalid or late, or the connection failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client, Action<WebSocketRequest> configure, CancellationToken cancellationToken = default) =>
        OpenAsync(client, null, secureOnly: false, NotNull(configure), cancellationToken);

    /// <summary>Opens a session for a request that is made already, which may be used again after that.</summary>
    /// <param name="client">The client.</param>
    /// <param name="request">Has the <see cref="WebSocketRequest.Uri"/>, headers, subprotocols and options.</param>
    /// <param name="cancellationToken">Cancels the handshake; no effect once the session is open.</param>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, Action{WebSocketRequest}, CancellationToken)"
    /// path="/exception"/>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client, WebSocketRequest request, CancellationToken cancellationToken = default) =>
        OpenAsync(client, NotNull(request), heartbeat: null, reached: null, cancellationToken);
}
