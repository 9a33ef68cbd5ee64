using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// Opens sessions of <c>ws+unix</c> and <c>ws+npipe</c> URLs over a handler of your own; any other request passes to
/// that handler unchanged.
/// </summary>
/// <remarks>
/// <para>
/// <c>new WebSocketsHandler()</c> and <c>AddWebSockets</c> have it already. Around a handler of yours, write
/// <c>new WebSocketsHandler(new LocalSocketHandler(yours))</c>.
/// </para>
/// <para>
/// It has connections of its own, with the settings, cookies and credentials of the innermost handler, but without
/// its proxy and its <see cref="SocketsHttpHandler.ConnectCallback"/>: the URL says where to connect. Each socket has
/// a pool of its own. Thread-safe.
/// </para>
/// </remarks>
[UnsupportedOSPlatform("browser")]
public sealed class LocalSocketHandler : DelegatingHandler
{
    private readonly Func<HttpMessageHandler?, SocketsHttpHandler> _create;
    private readonly Lock _sync = new();

    // By host. A connection may outlive the request that asked for it, and that request's options.
    private readonly ConcurrentDictionary<string, LocalSocket> _known = new();

    // Under _sync. Created at the first request to a socket: an inner handler may be set until then.
    private HttpMessageInvoker? _sockets;
    private bool _isDisposed;

    /// <summary>Creates it for <c>IHttpClientFactory</c>, which sets the inner handler.</summary>
    public LocalSocketHandler() => _create = Like;

    /// <summary>Creates it around a handler.</summary>
    /// <param name="innerHandler">The handler for all other requests.</param>
    public LocalSocketHandler(HttpMessageHandler innerHandler)
        : base(innerHandler ?? throw new ArgumentNullException(nameof(innerHandler))) => _create = Like;

    private LocalSocketHandler(
        HttpMessageHandler innerHandler, Func<HttpMessageHandler?, SocketsHttpHandler> create)
        : base(innerHandler) => _create = create;

    /// <summary>
    /// Creates it around a handler that has nothing of its own but cookies. The copy by reflection, which keeps all of
    /// that class in a native program (1 MB), is then left out.
    /// </summary>
    internal static LocalSocketHandler Around(SocketsHttpHandler plain) =>
        new(plain, _ => new SocketsHttpHandler { CookieContainer = plain.CookieContainer });

    /// <summary>Refuses a request that no handler of a chain would send to its socket.</summary>
    internal static void ThrowIfMissing(HttpRequestMessage request, HttpMessageHandler? chain)
    {
        if (LocalSocket.Of(request) is null)
            return;
        for (; chain is DelegatingHandler outer; chain = outer.InnerHandler)
        {
            if (outer is LocalSocketHandler)
                return;
        }

        throw new InvalidOperationException(
            "The handler below WebSocketsHandler cannot connect to a Unix socket or a named pipe. Put a " +
            "LocalSocketHandler around it: new WebSocketsHandler(new LocalSocketHandler(yours)). Or give " +
            "WebSocketsHandler no inner handler.");
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (LocalSocket.Of(request) is not { } socket)
            return base.SendAsync(request, cancellationToken);
        _known.TryAdd(socket.Host, socket);
        return Sockets().SendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_sync)
            {
                _isDisposed = true;
                _sockets?.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private HttpMessageInvoker Sockets()
    {
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _sockets ??= new HttpMessageInvoker(Prepare(_create(PrimaryHandler.Of(InnerHandler))));
        }
    }

    private static SocketsHttpHandler Like(HttpMessageHandler? like)
    {
        var handler = new SocketsHttpHandler();
        if (like is SocketsHttpHandler)
        {
            // By reflection, so that no property of this or a later platform is forgotten.
            foreach (PropertyInfo property in typeof(SocketsHttpHandler).GetProperties())
            {
                if (property.CanWrite)
                    property.SetValue(handler, property.GetValue(like));
            }
        }
        else if (like is HttpClientHandler client)
        {
            (handler.UseCookies, handler.CookieContainer) = (client.UseCookies, client.CookieContainer);
            (handler.Credentials, handler.PreAuthenticate) = (client.Credentials, client.PreAuthenticate);
            handler.MaxResponseHeadersLength = client.MaxResponseHeadersLength;
        }

        return handler;
    }

    private SocketsHttpHandler Prepare(SocketsHttpHandler handler)
    {
        handler.AllowAutoRedirect = false;
        handler.EnableMultipleHttp2Connections = true; // a server limits the sessions of one
        (handler.UseProxy, handler.Proxy) = (false, null);
        if (TakeableStream.IsInstalled(PrimaryHandler.Of(InnerHandler)))
            TakeableStream.TryInstall(handler);
        handler.ConnectCallback = (context, token) =>
            new ValueTask<Stream>(_known[context.DnsEndPoint.Host].ConnectAsync(token));
        return handler;
    }
}
