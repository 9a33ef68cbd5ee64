namespace Duplex;

/// <summary>A client's default session: a <see cref="DefaultWebSocketSession"/> with its handshake.</summary>
public sealed class DefaultClientWebSocketSession : DefaultWebSocketSession
{
    private DefaultClientWebSocketSession(OpenedConnection connection, SessionSettings settings)
        : base(connection.Stream, connection.Owner, settings) => Call = connection.Call;

    /// <summary>The handshake that opened the session.</summary>
    public WebSocketCall Call { get; }

    /// <summary>The subprotocol that the server chose; null for none.</summary>
    public string? Subprotocol => Call.Subprotocol;

    /// <summary>The server's response; null if the engine lacks <see cref="EngineCapability.Response"/>.</summary>
    public WebSocketHandshakeResponse? Response => Call.Response;

    internal static DefaultClientWebSocketSession Open(OpenedConnection connection, WebSocketsOptions options) =>
        new(connection, options.ToSessionSettings(
            connection.Call.Request.ReceiveMode, connection.Extensions, connection.Call.Request.Uri));
}
