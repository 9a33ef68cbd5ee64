namespace Duplex;

/// <summary>A client's raw session: see <see cref="RawWebSocketSession"/>.</summary>
public sealed class ClientWebSocketSession : RawWebSocketSession
{
    private ClientWebSocketSession(UpgradedConnection connection, SessionSettings settings) : base(connection.Stream, connection.Owner, settings) => Call = connection.Call;

    /// <summary>The handshake behind the session.</summary>
    public WebSocketCall Call { get; }

    internal static ClientWebSocketSession Open(UpgradedConnection connection, WebSocketsOptions options) =>
        new(connection, options.ToSessionSettings() with { Target = connection.Call.Request.Uri });
}
