using System.Runtime.Versioning;

namespace Duplex.Ktor;

public static partial class KtorHttpClientExtensions
{
    /// <summary>Opens a session at a host, without TLS, while a block runs.</summary>
    /// <param name="client">The client.</param>
    /// <param name="host">A host name or an IP address; an IPv6 address may have brackets.</param>
    /// <param name="port">1 to 65535; null for the default: 80, or 443 over TLS.</param>
    /// <param name="path">The path and query, with or without the first slash; null for the root.</param>
    /// <param name="block">The code that uses the session.</param>
    /// <param name="configure">Adds headers, subprotocols, options.</param>
    /// <param name="cancellationToken">Cancels the handshake. While the block runs, closes the session (1001).</param>
    /// <exception cref="ArgumentException">
    /// The host is not a host alone, or the port is out of range (<see cref="ArgumentOutOfRangeException"/>).
    /// </exception>
    public static Task WebSocketAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WebSocketAsync<TResult>(
        this HttpClient client,
        string host, int? port, string? path,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a session at a host, without TLS, which the caller disposes.</summary>
    /// <param name="client">The client.</param>
    /// <param name="host">A host name or an IP address; an IPv6 address may have brackets.</param>
    /// <param name="port">1 to 65535; null for the default: 80, or 443 over TLS.</param>
    /// <param name="path">The path and query, with or without the first slash; null for the root.</param>
    /// <param name="configure">Adds headers, subprotocols, options.</param>
    /// <param name="cancellationToken">Cancels the handshake; no effect once the session is open.</param>
    /// <exception cref="ArgumentException">
    /// The host is not a host alone, or the port is out of range (<see cref="ArgumentOutOfRangeException"/>).
    /// </exception>
    public static Task<DefaultClientWebSocketSession> WebSocketSessionAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketSessionAsync(WebSocketUri.At(secure: false, host, port, path), configure, cancellationToken);

    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WsAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WsAsync<TResult>(
        this HttpClient client,
        string host, int? port, string? path,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, int?, string?, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WsSessionAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketSessionAsync(WebSocketUri.At(secure: false, host, port, path), configure, cancellationToken);

    /// <summary>Opens a session at a host, over TLS, while a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task WssAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Func<DefaultClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WssAsync(WebSocketUri.At(secure: true, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a session at a host, over TLS, while a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    public static Task<TResult> WssAsync<TResult>(
        this HttpClient client,
        string host, int? port, string? path,
        Func<DefaultClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WssAsync(WebSocketUri.At(secure: true, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a session at a host, over TLS, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, int?, string?, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    public static Task<DefaultClientWebSocketSession> WssSessionAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WssSessionAsync(WebSocketUri.At(secure: true, host, port, path), configure, cancellationToken);

    /// <summary>Opens a raw session at a host, without TLS, while a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WebSocketRawAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a raw session at a host, without TLS, while a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WebSocketRawAsync<TResult>(
        this HttpClient client,
        string host, int? port, string? path,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a raw session at a host, without TLS, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, int?, string?, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WebSocketRawSessionAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawSessionAsync(WebSocketUri.At(secure: false, host, port, path), configure, cancellationToken);

    /// <summary>Opens a raw session at a host, without TLS, while a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WsRawAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a raw session at a host, without TLS, while a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WsRawAsync<TResult>(
        this HttpClient client,
        string host, int? port, string? path,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawAsync(WebSocketUri.At(secure: false, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a raw session at a host, without TLS, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, int?, string?, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WsRawSessionAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WebSocketRawSessionAsync(WebSocketUri.At(secure: false, host, port, path), configure, cancellationToken);

    /// <summary>Opens a raw session at a host, over TLS, while a block runs.</summary>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task WssRawAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Func<ClientWebSocketSession, Task> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WssRawAsync(WebSocketUri.At(secure: true, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a raw session at a host, over TLS, while a block runs.</summary>
    /// <returns>The block's value.</returns>
    /// <inheritdoc cref="WebSocketAsync(HttpClient, string, int?, string?, Func{DefaultClientWebSocketSession, Task},
    /// Action{WebSocketRequest}?, CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<TResult> WssRawAsync<TResult>(
        this HttpClient client,
        string host, int? port, string? path,
        Func<ClientWebSocketSession, Task<TResult>> block,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WssRawAsync(WebSocketUri.At(secure: true, host, port, path), block, configure, cancellationToken);

    /// <summary>Opens a raw session at a host, over TLS, which the caller disposes.</summary>
    /// <inheritdoc cref="WebSocketSessionAsync(HttpClient, string, int?, string?, Action{WebSocketRequest}?,
    /// CancellationToken)"/>
    [UnsupportedOSPlatform("browser")]
    public static Task<ClientWebSocketSession> WssRawSessionAsync(
        this HttpClient client,
        string host, int? port, string? path,
        Action<WebSocketRequest>? configure = null,
        CancellationToken cancellationToken = default) =>
        client.WssRawSessionAsync(WebSocketUri.At(secure: true, host, port, path), configure, cancellationToken);
}
