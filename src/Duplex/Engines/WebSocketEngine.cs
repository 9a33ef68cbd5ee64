namespace Duplex;

/// <summary>How connections come to be: chosen by <see cref="WebSocketsOptions.Engine"/>, made by <see cref="WebSocketEngines"/>. Immutable and thread-safe; one serves any number of clients.</summary>
public abstract class WebSocketEngine
{
    // Only this library derives: what an engine owes a handshake and a session is no public contract.
    private protected WebSocketEngine(EngineProfile profile) => Profile = profile;

    /// <summary>The name, for messages and logs.</summary>
    public string Name => Profile.Name;

    internal EngineProfile Profile { get; }

    /// <summary>Who makes the connections, in the words of an error.</summary>
    internal virtual string Below => "A handler below WebSocketsHandler";

    /// <summary>Whether the engine can do that.</summary>
    /// <param name="capability">What it takes.</param>
    /// <returns>False for what it cannot do, and for a value that is none of the enumeration.</returns>
    public bool Supports(EngineCapability capability) => Profile.Supports(capability);

    /// <summary>The engine's name.</summary>
    public override string ToString() => Name;

    /// <summary>Makes one attempt to open a connection.</summary>
    /// <param name="plugin">What the plugin lends the engine.</param>
    /// <param name="marker">The request as every handler before the plugin has left it; it is not changed.</param>
    /// <param name="request">What the caller asked for.</param>
    /// <param name="deadline">When the handshake has taken too long.</param>
    /// <param name="token">Whoever else may end the attempt.</param>
    /// <returns>A response whose content is the connection, or a server's refusal.</returns>
    internal abstract Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin, HttpRequestMessage marker, WebSocketRequest request, HandshakeDeadline deadline, CancellationToken token);
}
