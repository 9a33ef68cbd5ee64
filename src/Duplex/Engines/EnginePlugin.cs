using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>What a plugin lends its engine for every handshake.</summary>
/// <param name="Send">Sends a request on to the handlers below. It does not follow redirects.</param>
/// <param name="Primary">The handler at the bottom of those, as far as it is known: what it is set to explains failures.</param>
/// <param name="Subprotocols">What every handshake offers, behind its own.</param>
/// <param name="Extensions">What makes the extensions of every session, in the order of their installation.</param>
/// <param name="Strictness">How strictly answers are judged.</param>
/// <param name="Logger">Where to log.</param>
/// <param name="Stopping">Fires when the plugin is disposed.</param>
internal sealed record EnginePlugin(
    Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Send, Func<HttpMessageHandler?> Primary, IEnumerable<string> Subprotocols,
    IReadOnlyList<WebSocketExtensionFactory> Extensions, HandshakeStrictness Strictness, ILogger Logger, CancellationToken Stopping)
{
    /// <summary>The option by which a plugin knows a request that asks for a session. Namespaced, because all handlers of a client share a request's options.</summary>
    public const string Mark = "Duplex.HandshakeAttempt";
}
