using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// Creates and offers the extensions of one handshake, checks the server's answer, and disposes those that no session
/// takes.
/// </summary>
/// <remarks>Not thread-safe: it belongs to one handshake attempt.</remarks>
internal sealed class ExtensionOffer : IDisposable
{
    // Only the attempt touches these.
    private readonly List<WebSocketExtension> _extensions = []; // still owned, in installation order
    private readonly List<WebSocketExtension> _offered = [];

    public ExtensionOffer(IEnumerable<WebSocketExtensionFactory> factories)
    {
        try
        {
            foreach (WebSocketExtensionFactory factory in factories)
                Add(factory.CreateIdentified());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Names => [.. _offered.Select(extension => extension.Name)];

    // RFC 6455 §9.1: "the header fields listed by the client in its request represent a preference of the header fields
    // it wishes to use, with the first options listed being most preferable."
    public string? HeaderValue { get; private set; }

    /// <summary>
    /// The answer has each offered extension at most once. The caller owns <paramref name="chain"/>, if any.
    /// </summary>
    public bool TryAccept(
        IReadOnlyList<WebSocketExtensionHeader> answer,
        out ExtensionChain? chain,
        [NotNullWhen(false)] out HandshakeFailure? failure)
    {
        chain = null;
        failure = null;
        var accepted = new List<WebSocketExtension>();
        foreach (WebSocketExtensionHeader header in answer)
        {
            WebSocketExtension extension = _offered.Single(offered => offered.Name == header.Name);
            if (!extension.TryAccept(header, out string? error))
            {
                failure = HandshakeRefusals.ExtensionParameters.Failure(
                    ("extension", extension.Name), ("error", error ?? "Expected what was offered."));
                return false;
            }

            accepted.Add(extension);
        }

        // An interceptor installed before the first negotiated extension sees what the application sees; a later one
        // sees the wire.
        int firstOffered = _offered.Count == 0 ? _extensions.Count : _extensions.IndexOf(_offered[0]);

        // RFC 6455 §9.1: "the order of operations on the data should be assumed to be the same as the order in which
        // the extensions are listed in the server's response".
        WebSocketExtension[] active =
        [
            .. _extensions.Take(firstOffered),
            .. accepted,
            .. _extensions.Skip(firstOffered).Except(_offered),
        ];
        _extensions.RemoveAll(active.Contains);
        if (active.Length > 0)
            chain = new ExtensionChain(active);
        return true;
    }

    public void Dispose()
    {
        ExtensionChain.Dispose(_extensions);
        _extensions.Clear();
    }

    private void Add(WebSocketExtension extension)
    {
        _extensions.Add(extension);
        IReadOnlyList<WebSocketExtensionHeader> offers = extension.Offers;
        if (offers.Any(offer => offer.Name != extension.Name))
        {
            throw new InvalidOperationException(
                $"The extension {extension.Name} offers another name than its own. "
                + "Let its Offers have the name of its factory.");
        }

        // RFC 6455 §5.2: the reserved bits "MUST be 0 unless an extension is negotiated that defines meanings for
        // non-zero values."
        if (offers.Count == 0 && extension.ReservedBits != ReservedBits.None)
        {
            throw new InvalidOperationException(
                $"The extension {extension.Name} owns {extension.ReservedBits.InWords()}, "
                + "but offers the server nothing. "
                + "Let it offer itself, or own no bit.");
        }

        if (offers.Count == 0)
            return;
        _offered.Add(extension);
        string value = WebSocketExtensionHeader.FormatList(offers);
        HeaderValue = HeaderValue is null ? value : $"{HeaderValue}, {value}";
    }
}
