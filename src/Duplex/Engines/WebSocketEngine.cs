namespace Duplex;

/// <summary>
/// Opens the connections of sessions. <see cref="WebSocketEngines"/> creates engines, and
/// <see cref="WebSocketsOptions.Engine"/> selects one. Immutable and thread-safe; any number of clients can share one.
/// </summary>
public abstract class WebSocketEngine
{
    // Not derivable outside this library: the engine's contract is internal.
    private protected WebSocketEngine(EngineProfile profile) => Profile = profile;

    /// <summary>The engine's name, for messages and logs.</summary>
    public string Name => Profile.Name;

    internal EngineProfile Profile { get; }

    /// <summary>The component that makes the connections, as error messages name it.</summary>
    internal virtual string Below => "A handler below WebSocketsHandler";

    /// <summary>Whether the engine has a capability.</summary>
    /// <param name="capability">The capability.</param>
    /// <returns>True if the engine has the capability; false if not, or if the value is undefined.</returns>
    public bool Supports(EngineCapability capability) => Profile.Supports(capability);

    /// <summary>Returns the engine's name.</summary>
    public override string ToString() => Name;

    /// <summary>Makes one attempt to open a connection. The marker is not changed.</summary>
    /// <returns>A response whose content is the connection, or the server's refusal.</returns>
    internal abstract Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin,
        HttpRequestMessage marker,
        WebSocketRequest request,
        HandshakeDeadline deadline,
        CancellationToken token);
}
