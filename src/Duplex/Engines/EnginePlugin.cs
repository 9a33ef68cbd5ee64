using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>What the plugin provides to its engine for every handshake.</summary>
/// <param name="Send">Sends a request to the handlers below. It does not follow redirects.</param>
/// <param name="Primary">Returns the bottom handler, if known: its settings explain failures.</param>
/// <param name="Subprotocols">The subprotocols that every handshake offers, after those of its request.</param>
/// <param name="Extensions">The extension factories, in installation order.</param>
/// <param name="Strictness">How strictly responses are checked.</param>
/// <param name="Logger">The logger.</param>
/// <param name="Stopping">Fires when the plugin is disposed.</param>
internal sealed record EnginePlugin(
    Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Send,
    Func<HttpMessageHandler?> Primary,
    IEnumerable<string> Subprotocols,
    IReadOnlyList<WebSocketExtensionFactory> Extensions,
    HandshakeStrictness Strictness,
    ILogger Logger,
    CancellationToken Stopping)
{
    /// <summary>
    /// The option that marks a request for a session. It has a namespace, because all handlers of a client share a
    /// request's options.
    /// </summary>
    public const string Mark = "Duplex.HandshakeAttempt";

    /// <summary>
    /// Returns the extension factories for one request: those of the options, with the request's own compression.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The request's compression options are invalid, or another extension owns RSV1.
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

    /// <summary>Throws if a request requires a subprotocol but offers none.</summary>
    /// <exception cref="ArgumentException">None is offered.</exception>
    public static void CheckOffered(WebSocketRequest request, int count)
    {
        if (request.RequireSubprotocol && count == 0)
        {
            throw new ArgumentException(
                "RequireSubprotocol is set, but no subprotocol is offered. " +
                "Add one to WebSocketRequest.Subprotocols, or to those of the options.", nameof(request));
        }
    }

    /// <summary>Returns the failure if the server chose no subprotocol but had to; otherwise null.</summary>
    public static HandshakeFailure? CheckChosen(
        WebSocketRequest request, string? chosen, IReadOnlyList<string> offered) =>
        request.RequireSubprotocol && chosen is null
            ? HandshakeRefusals.NoSubprotocol.Failure(("offered", NameDisclosure.OfAll(offered)))
            : null;
}
