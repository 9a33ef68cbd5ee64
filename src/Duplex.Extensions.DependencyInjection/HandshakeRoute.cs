using System.Reflection;

namespace Duplex;

/// <summary>
/// A primary handler of two: handshakes take one that does not follow redirects, which would send their headers and
/// cookies to another host; other requests take one that does.
/// </summary>
internal sealed class HandshakeRoute : DelegatingHandler
{
    private readonly HttpMessageInvoker _invoker;

    /// <summary>Creates it with a handler for other requests, and a copy of that handler for handshakes.</summary>
    /// <param name="others">The handler, which follows redirects.</param>
    public HandshakeRoute(SocketsHttpHandler others) : base(new LocalSocketHandler(WithoutRedirects(others)))
    {
        _invoker = new HttpMessageInvoker(others);
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        IsHandshake(request)
            ? base.SendAsync(request, cancellationToken)
            : _invoker.SendAsync(request, cancellationToken);

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        IsHandshake(request) ? base.Send(request, cancellationToken) : _invoker.Send(request, cancellationToken);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _invoker.Dispose();
        base.Dispose(disposing);
    }

    // HTTP/1.1 has an Upgrade header (RFC 6455 §4.1), HTTP/2 a :protocol (RFC 8441 §4).
    private static bool IsHandshake(HttpRequestMessage request) =>
        request.Headers.Protocol is not null || request.Headers.NonValidated.Contains("Upgrade");

    // By reflection, so that no property of this or a later platform is forgotten.
    private static SocketsHttpHandler WithoutRedirects(SocketsHttpHandler handler)
    {
        var copy = new SocketsHttpHandler();
        foreach (PropertyInfo property in typeof(SocketsHttpHandler).GetProperties())
        {
            if (property.CanWrite)
                property.SetValue(copy, property.GetValue(handler));
        }

        copy.AllowAutoRedirect = false;
        copy.EnableMultipleHttp2Connections = true; // a server limits the sessions of one
        return copy;
    }
}
