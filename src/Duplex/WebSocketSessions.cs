namespace Duplex;

/// <summary>
/// Creates sessions over any duplex stream, as client or server, after a handshake made elsewhere: an ASP.NET server's
/// upgrade, a pipe, a test.
/// </summary>
/// <remarks>
/// Thread-safe. A session owns its stream, which only it may read and write, and disposes it at its end. Reads and
/// writes get no token: disposing the stream must end them.
/// </remarks>
public static class WebSocketSessions
{
    /// <summary>
    /// Creates a <see cref="DefaultWebSocketSession"/>: whole messages, automatic pongs and pings, and a clean close.
    /// </summary>
    /// <param name="stream">A duplex stream, whose next byte begins a frame.</param>
    /// <param name="role">A client masks its frames, a server does not (RFC 6455 §5.1).</param>
    /// <param name="configure">
    /// Sets the session's options. The handshake's have no effect (<see cref="WebSocketsOptions.HandshakeTimeout"/>,
    /// <see cref="WebSocketsOptions.HandshakeStrictness"/>, <see cref="WebSocketsOptions.Subprotocols"/>), and
    /// <see cref="WebSocketsOptions.Engine"/> must not be set.
    /// </param>
    /// <param name="receiveMode">How messages are received.</param>
    /// <exception cref="ArgumentException">
    /// The stream cannot be read or written, the role or mode is undefined, an engine was set, or an extension needs a
    /// handshake.
    /// </exception>
    public static DefaultWebSocketSession Create(
        Stream stream,
        WebSocketRole role,
        Action<WebSocketsOptions>? configure = null,
        ReceiveMode receiveMode = ReceiveMode.Messages) =>
        DefaultWebSocketSession.Over(Duplex(stream), stream, Settings(role, configure, receiveMode, isRaw: false));

    /// <summary>
    /// Creates a <see cref="RawWebSocketSession"/>, which delivers every frame as received and answers none.
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
        {
            throw new ArgumentOutOfRangeException(
                nameof(receiveMode), receiveMode, "Expected Messages, Streams or Direct.");
        }

        var options = new WebSocketsOptions();
        configure?.Invoke(options);
        if (options.Engine != WebSocketEngines.Default)
        {
            throw new ArgumentException(
                "Engine cannot be set here: the session uses the given connection. Leave Engine at its default.",
                nameof(configure));
        }

        if (isRaw)
            return WithRole(options.ToSessionSettings(profile: EngineProfile.Complete), role);

        using var offer = new ExtensionOffer(options.Extensions.Factories);
        if (offer.Names is [var name, ..])
        {
            throw new ArgumentException(
                $"The extension {name} is negotiated by a handshake, and this session has none. Install local " +
                "interceptors only.",
                nameof(configure));
        }

        offer.TryAccept([], out ExtensionChain? interceptors, out _);
        return WithRole(
            options.ToSessionSettings(receiveMode, interceptors, profile: EngineProfile.Complete), role);
    }

    private static SessionSettings WithRole(SessionSettings settings, WebSocketRole role) =>
        settings with { Connection = settings.Connection with { Role = role } };
}
