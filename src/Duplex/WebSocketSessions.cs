namespace Duplex;

/// <summary>
/// Creates sessions over any duplex stream, as client or server, after a handshake made elsewhere: an ASP.NET server's
/// upgrade, a pipe, a test.
/// </summary>
/// <remarks>
/// Thread-safe. A session owns its stream: from then on only the session reads and writes, and it disposes the stream
/// at its end. Reads and writes get no token: disposing the stream must end those in progress.
/// </remarks>
public static class WebSocketSessions
{
    /// <summary>
    /// Creates a session with whole messages, automatic pongs and pings, and a clean close: a
    /// <see cref="DefaultWebSocketSession"/>.
    /// </summary>
    /// <param name="stream">A duplex stream, whose next byte is the first of a frame.</param>
    /// <param name="role">The role of this side. A client masks its frames, a server does not (RFC 6455 §5.1).</param>
    /// <param name="configure">
    /// Sets the session's options. The defaults are those of <see cref="WebSocketsOptions"/>. The handshake's options
    /// have no effect here (<see cref="WebSocketsOptions.HandshakeTimeout"/>,
    /// <see cref="WebSocketsOptions.HandshakeStrictness"/>, <see cref="WebSocketsOptions.Subprotocols"/>), and
    /// <see cref="WebSocketsOptions.Engine"/> must not be set.
    /// </param>
    /// <param name="receiveMode">Whether messages are received whole or as streams.</param>
    /// <exception cref="ArgumentException">
    /// The stream cannot be read or written, the role or the mode is undefined, an engine was set, or an extension
    /// needs a handshake.
    /// </exception>
    public static DefaultWebSocketSession Create(
        Stream stream,
        WebSocketRole role,
        Action<WebSocketsOptions>? configure = null,
        ReceiveMode receiveMode = ReceiveMode.Messages) =>
        DefaultWebSocketSession.Over(Duplex(stream), stream, Settings(role, configure, receiveMode, isRaw: false));

    /// <summary>
    /// Creates a session that delivers every frame as received and answers none: a <see cref="RawWebSocketSession"/>.
    /// </summary>
    /// <inheritdoc cref="Create(Stream, WebSocketRole, Action{WebSocketsOptions}?, ReceiveMode)"/>
    public static RawWebSocketSession CreateRaw(
        Stream stream, WebSocketRole role, Action<WebSocketsOptions>? configure = null) =>
        RawWebSocketSession.Over(Duplex(stream), stream, Settings(role, configure, ReceiveMode.Messages, isRaw: true));

    private static Stream Duplex(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream is { CanRead: true, CanWrite: true }
            ? stream
            : throw new ArgumentException(
                "A session reads and writes its stream; this one cannot do both. Give a duplex stream.",
                nameof(stream));
    }

    private static SessionSettings Settings(
        WebSocketRole role, Action<WebSocketsOptions>? configure, ReceiveMode receiveMode, bool isRaw)
    {
        if (!Enum.IsDefined(role))
            throw new ArgumentOutOfRangeException(nameof(role), role, "Expected Client or Server.");
        if (!Enum.IsDefined(receiveMode))
            throw new ArgumentOutOfRangeException(nameof(receiveMode), receiveMode, "Expected Messages or Streams.");
        var options = new WebSocketsOptions();
        configure?.Invoke(options);
        if (options.Engine != WebSocketEngines.Http)
        {
            throw new ArgumentException(
                "Engine cannot be set here: the session uses the given connection. Leave Engine at its default.",
                nameof(configure));
        }

        if (isRaw)
            return WithRole(options.ToSessionSettings(), role);

        using var offer = new ExtensionOffer(options.Extensions.Factories);
        if (offer.Names is [var name, ..])
        {
            throw new ArgumentException(
                $"The extension {name} is negotiated by a handshake, and this session has none. Install local " +
                "interceptors only.",
                nameof(configure));
        }

        offer.TryAccept([], out ExtensionChain? interceptors, out _);
        return WithRole(options.ToSessionSettings(receiveMode, interceptors), role);
    }

    private static SessionSettings WithRole(SessionSettings settings, WebSocketRole role) =>
        settings with { Connection = settings.Connection with { Role = role } };
}
