namespace Duplex;

/// <summary>A client's raw session: a <see cref="RawWebSocketSession"/> with its handshake.</summary>
public sealed class ClientWebSocketSession : RawWebSocketSession
{
    private ClientWebSocketSession(OpenedConnection connection, SessionSettings settings)
        : base(connection.Stream, connection.Owner, settings) => Call = connection.Call;

    /// <summary>The handshake that opened the session.</summary>
    public WebSocketCall Call { get; }

    /// <summary>The subprotocol that the server chose; null for none.</summary>
    public string? Subprotocol => Call.Subprotocol;

    /// <summary>The server's response; null if the engine lacks <see cref="EngineCapability.Response"/>.</summary>
    public WebSocketHandshakeResponse? Response => Call.Response;

    internal static ClientWebSocketSession Open(OpenedConnection connection, WebSocketsOptions options) =>
        new(connection, options.ToSessionSettings(target: connection.Call.Request.Uri));
}
