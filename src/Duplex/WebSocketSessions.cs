namespace Duplex;

/// <summary>Sessions over any duplex stream, in either role, behind a handshake that is somebody else's matter: an ASP.NET server's upgrade, a pipe, a test.</summary>
/// <remarks>
/// <para>Thread-safe. A session owns its stream: it reads and writes from now on, nobody else does, and it disposes the stream when it ends.</para>
/// <para>No read or write gets a token. Disposing the stream must end those in progress.</para>
/// </remarks>
public static class WebSocketSessions
{
    /// <summary>A session as most users want it: see <see cref="DefaultWebSocketSession"/>.</summary>
    /// <param name="stream">A duplex stream, on which the next byte is a frame's first.</param>
    /// <param name="role">Which end we are: a client masks what it sends, a server does not (RFC 6455 §5.1).</param>
    /// <param name="configure">
    /// Sets the session's options, whose defaults are those of <see cref="WebSocketsOptions"/>. <see cref="WebSocketsOptions.HandshakeTimeout"/>,
    /// <see cref="WebSocketsOptions.HandshakeStrictness"/> and <see cref="WebSocketsOptions.Subprotocols"/> concern handshakes and are of no matter here; <see cref="WebSocketsOptions.Engine"/> must be left alone.
    /// </param>
    /// <param name="receiveMode">Whether what is received comes as whole messages or each message as a stream.</param>
    /// <exception cref="ArgumentException">
    /// The stream cannot be read or cannot be written, the role or the mode is none, an engine was set, or an extension that needs a handshake.
    /// </exception>
    public static DefaultWebSocketSession Create(
        Stream stream, WebSocketRole role, Action<WebSocketsOptions>? configure = null, ReceiveMode receiveMode = ReceiveMode.Messages) =>
        DefaultWebSocketSession.Over(Duplex(stream), stream, Settings(role, configure, receiveMode, isRaw: false));

    /// <summary>A session that gives every frame as it came and answers nothing: see <see cref="RawWebSocketSession"/>.</summary>
    /// <inheritdoc cref="Create(Stream, WebSocketRole, Action{WebSocketsOptions}?, ReceiveMode)"/>
    public static RawWebSocketSession CreateRaw(Stream stream, WebSocketRole role, Action<WebSocketsOptions>? configure = null) =>
        RawWebSocketSession.Over(Duplex(stream), stream, Settings(role, configure, ReceiveMode.Messages, isRaw: true));

    private static Stream Duplex(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream is { CanRead: true, CanWrite: true }
            ? stream
            : throw new ArgumentException("A session reads and writes its stream; this one cannot do both. Give a duplex stream.", nameof(stream));
    }

    private static SessionSettings Settings(WebSocketRole role, Action<WebSocketsOptions>? configure, ReceiveMode receiveMode, bool isRaw)
    {
        if (!Enum.IsDefined(role))
            throw new ArgumentOutOfRangeException(nameof(role), role, "Expected Client or Server.");
        if (!Enum.IsDefined(receiveMode))
            throw new ArgumentOutOfRangeException(nameof(receiveMode), receiveMode, "Expected Messages or Streams.");
        var options = new WebSocketsOptions();
        configure?.Invoke(options);
        if (options.Engine != WebSocketEngines.Http)
            throw new ArgumentException("An engine opens connections; this session has one already. Leave Engine as it is.", nameof(configure));
        options.ThrowIfUnsupported();
        if (isRaw)
            return WithRole(options.ToSessionSettings(), role);

        using var offer = new ExtensionOffer(options.Extensions.Factories);
        if (offer.Names is [var name, ..])
            throw new ArgumentException($"The extension {name} is negotiated by a handshake, and this session has none. Install local interceptors only.", nameof(configure));
        offer.TryAccept([], out ExtensionChain? interceptors, out _);
        return WithRole(options.ToSessionSettings(receiveMode, interceptors), role);
    }

    private static SessionSettings WithRole(SessionSettings settings, WebSocketRole role) => settings with { Connection = settings.Connection with { Role = role } };
}
