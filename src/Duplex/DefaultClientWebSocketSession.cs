namespace Duplex;

/// <summary>A client's session as most users want it: see <see cref="DefaultWebSocketSession"/>.</summary>
public sealed class DefaultClientWebSocketSession : DefaultWebSocketSession
{
    private DefaultClientWebSocketSession(UpgradedConnection connection, SessionSettings settings) : base(connection.Stream, connection.Owner, settings) => Call = connection.Call;

    /// <summary>The handshake behind the session.</summary>
    public WebSocketCall Call { get; }

    internal static DefaultClientWebSocketSession Open(UpgradedConnection connection, WebSocketsOptions options) =>
        new(connection, options.ToSessionSettings(connection.Call.Request.ReceiveMode, connection.Extensions) with { Target = connection.Call.Request.Uri });
}
