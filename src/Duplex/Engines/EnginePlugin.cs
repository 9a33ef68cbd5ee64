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

    /// <summary>
    /// What makes the extensions of one request's session: those of the options, with the request's own choice of
    /// compression.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The request's compression is refused: its options, or because another extension owns RSV1.
    /// </exception>
    public IReadOnlyList<WebSocketExtensionFactory> ExtensionsFor(WebSocketRequest request)
    {
        if (request.IsRaw)
            return [];
        if (!request.IsCompressionSet)
            return Extensions;

        var deflate = new PerMessageDeflateFactory();
        int installed = Extensions.ToList().FindIndex(factory => factory.Name == deflate.Name);
        List<WebSocketExtensionFactory> extensions = [.. Extensions.Where(factory => factory.Name != deflate.Name)];
        if (request.Compression is not { } options)
            return extensions;

        deflate.Validate(options);
        if (extensions.Find(factory => (factory.ReservedBits & deflate.ReservedBits) != 0) is { } other)
        {
            throw new ArgumentException(
                $"The extension {other.Name} owns {deflate.ReservedBits.InWords()}, which compression needs. " +
                "Leave WebSocketRequest.Compression unset, or do not install it.", nameof(request));
        }

        extensions.Insert(installed < 0 ? extensions.Count : installed, deflate.With(options));
        return extensions;
    }

    /// <summary>Refuses a request that requires a subprotocol and offers none: no answer could fulfil it.</summary>
    /// <exception cref="ArgumentException">It does.</exception>
    public static void CheckOffered(WebSocketRequest request, int count)
    {
        if (request.RequireSubprotocol && count == 0)
        {
            throw new ArgumentException(
                "RequireSubprotocol is set, but no subprotocol is offered. " +
                "Add one to WebSocketRequest.Subprotocols, or to those of the options.", nameof(request));
        }
    }

    /// <summary>What is wrong with the choice of no subprotocol; null if nothing.</summary>
    public static HandshakeFailure? CheckChosen(
        WebSocketRequest request, string? chosen, IReadOnlyList<string> offered) =>
        request.RequireSubprotocol && chosen is null
            ? HandshakeRefusals.NoSubprotocol.Failure(("offered", NameDisclosure.OfAll(offered)))
            : null;
}
