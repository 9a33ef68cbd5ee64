namespace Duplex;

/// <summary>
/// Opens connections. Created by <see cref="WebSocketEngines"/>, selected by <see cref="WebSocketsOptions.Engine"/>.
/// Immutable and thread-safe; clients can share one.
/// </summary>
public abstract class WebSocketEngine
{
    // Not derivable outside: the engine's contract is internal.
    private protected WebSocketEngine(EngineProfile profile) => Profile = profile;

    /// <summary>The engine's name, for messages and logs.</summary>
    public string Name => Profile.Name;

    internal EngineProfile Profile { get; }

    internal virtual string Below => "A handler below WebSocketsHandler";

    /// <summary>Whether the engine has a capability.</summary>
    /// <param name="capability">The capability.</param>
    /// <returns>False also for an undefined value.</returns>
    public bool Supports(EngineCapability capability) => Profile.Supports(capability);

    /// <summary>Returns the engine's name.</summary>
    public override string ToString() => Name;

    /// <summary>Makes one attempt; the marker is not changed.</summary>
    internal abstract Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin,
        HttpRequestMessage marker,
        WebSocketRequest request,
        HandshakeDeadline deadline,
        CancellationToken token);
}
