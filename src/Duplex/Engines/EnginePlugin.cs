using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>What the plugin provides to its engine for every handshake.</summary>
internal sealed record EnginePlugin(
    Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> Send,
    Func<HttpMessageHandler?> Primary,
    IEnumerable<string> Subprotocols,
    IReadOnlyList<WebSocketExtensionFactory> Extensions,
    HandshakeStrictness Strictness,
    ILogger Logger,
    TimeProvider Time,
    CancellationToken Stopping)
{
    /// <summary>Namespaced, because all of a client's handlers share a request's options.</summary>
    public const string Mark = "Duplex.HandshakeAttempt";

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

    /// <summary>The request's own first, then those of its headers and of the options.</summary>
    public IEnumerable<string> Offered(HttpRequestMessage marker, WebSocketRequest request) =>
        (request.HasSubprotocols ? request.Subprotocols : [])
            .Concat(HandshakeHeaders.Subprotocols(marker.Headers))
            .Concat(Subprotocols)
            .Distinct(StringComparer.Ordinal);

    public static void CheckOffered(WebSocketRequest request, int count)
    {
        if (request.RequireSubprotocol && count == 0)
        {
            throw new ArgumentException(
                "RequireSubprotocol is set, but no subprotocol is offered. " +
                "Add one to WebSocketRequest.Subprotocols, or to those of the options.", nameof(request));
        }
    }

    public static HandshakeFailure? CheckChosen(
        WebSocketRequest request, string? chosen, IReadOnlyList<string> offered) =>
        request.RequireSubprotocol && chosen is null
            ? HandshakeRefusals.NoSubprotocol.Failure(("offered", NameDisclosure.OfAll(offered)))
            : null;
}
