using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// Stays connected through an <see cref="HttpClient"/> with the <see cref="WebSocketsHandler"/> plugin.
/// </summary>
public static class ReconnectingHttpClientExtensions
{
    /// <summary>
    /// Runs a block for each connection: when one is lost, the next is opened, after a delay, and the block runs again.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The call returns when the block is done: it called <see cref="ConnectedSession.Done"/>, returned while the
    /// session was open, or closed the session itself. If the session has ended in any other way, and the block
    /// returned, or threw an exception that means this, the block runs again. All other exceptions are rethrown, and
    /// the session is closed with 1011.
    /// </para>
    /// <para>
    /// The block runs in the caller's <see cref="SynchronizationContext"/>, if any. Its token is the caller's; it also
    /// fires when the session has ended and its messages were received, or none was for the close timeout.
    /// </para>
    /// </remarks>
    /// <param name="client">The client.</param>
    /// <param name="url">The URL to connect to, or relative to the client's base address.</param>
    /// <param name="block">The code that uses a connection.</param>
    /// <param name="configure">Sets when and how to connect again.</param>
    /// <param name="cancellationToken">Ends attempts and waits, and closes an open session with 1001.</param>
    /// <exception cref="ReconnectException">The connection was given up.</exception>
    /// <exception cref="ArgumentException">The URL is invalid.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <example>
    /// <code>
    /// await client.StayConnectedAsync("wss://example.test/feed", async (connection, token) =>
    /// {
    ///     await connection.SendAsync("subscribe", token);
    ///     await foreach (Frame frame in connection.Incoming)
    ///         Console.WriteLine(frame);
    /// }, reconnect => reconnect.IdleTimeout = TimeSpan.FromSeconds(30), cancellationToken);
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public static Task StayConnectedAsync(
        this HttpClient client,
        string url,
        Func<ConnectedSession, CancellationToken, Task> block,
        Action<StayConnectedOptions>? configure = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(block);
        Uri target = WebSocketUri.Parse(url, nameof(url));
        var options = new StayConnectedOptions();
        configure?.Invoke(options);
        options = options.Copy();
        return new BlockLoop(new Redial(client, target, options), block, options).RunAsync(cancellationToken);
    }

    /// <inheritdoc cref="StayConnectedAsync(HttpClient, string, Func{ConnectedSession, CancellationToken, Task},
    /// Action{StayConnectedOptions}?, CancellationToken)"/>
    public static Task StayConnectedAsync(
        this HttpClient client,
        string url,
        Func<ConnectedSession, CancellationToken, ValueTask> block,
        Action<StayConnectedOptions>? configure = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(block);
        return client.StayConnectedAsync(
            url, (session, token) => block(session, token).AsTask(), configure, cancellationToken);
    }

    /// <summary>
    /// Creates a WebSocket that stays connected. Nothing happens before <see cref="ReconnectingWebSocket.StartAsync"/>.
    /// </summary>
    /// <param name="client">The client, which must live as long.</param>
    /// <param name="url">The URL to connect to, or relative to the client's base address.</param>
    /// <param name="configure">Sets when and how to connect again, and the functions that are called.</param>
    /// <exception cref="ArgumentException">The URL is invalid.</exception>
    public static ReconnectingWebSocket CreateReconnectingWebSocket(
        this HttpClient client, string url, Action<ReconnectingWebSocketOptions>? configure = null) =>
        Create(client, WebSocketUri.Parse(url, nameof(url)), configure);

    /// <inheritdoc cref="CreateReconnectingWebSocket(HttpClient, string, Action{ReconnectingWebSocketOptions}?)"/>
    public static ReconnectingWebSocket CreateReconnectingWebSocket(
        this HttpClient client, Uri url, Action<ReconnectingWebSocketOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(url);
        return Create(client, url, configure);
    }

    private static ReconnectingWebSocket Create(
        HttpClient client, Uri url, Action<ReconnectingWebSocketOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(client);
        var options = new ReconnectingWebSocketOptions();
        configure?.Invoke(options);
        if (options.Configure is null) // which may replace it
            _ = WebSocketUri.Resolve(url, client.BaseAddress, mayNameService: true);
        return new ReconnectingWebSocket(client, url, (ReconnectingWebSocketOptions)options.Copy());
    }
}
