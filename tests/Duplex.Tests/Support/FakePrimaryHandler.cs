using System.Net;
using System.Net.Http.Headers;

namespace Duplex.Tests;

/// <summary>A primary handler without a network: it answers as a test says, and keeps what it was asked.</summary>
internal sealed class FakePrimaryHandler(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    private readonly Lock _sync = new();
    private readonly List<HttpRequestMessage> _requests = [];

    public FakePrimaryHandler(Func<HttpRequestMessage, HttpResponseMessage> answer) : this((request, _) => Task.FromResult(answer(request))) { }

    /// <summary>Accepts every handshake.</summary>
    public FakePrimaryHandler() : this(request => Upgrade(request)) { }

    public bool IsDisposed { get; private set; }

    public IReadOnlyList<HttpRequestMessage> Requests
    {
        get
        {
            lock (_sync)
                return [.. _requests];
        }
    }

    public HttpRequestMessage Request => Assert.Single(Requests);

    /// <summary>The proper answer to a handshake, with a connection.</summary>
    public static HttpResponseMessage Upgrade(HttpRequestMessage request, Stream? stream = null)
    {
        var response = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols) { RequestMessage = request, Content = new ConnectionContent(stream ?? new MemoryStream()) };
        response.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        response.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        response.Headers.TryAddWithoutValidation("Sec-WebSocket-Accept", HandshakeKey.ComputeAccept(Value(request, "Sec-WebSocket-Key")!));
        return response;
    }

    /// <summary>The proper answer to a handshake over HTTP/2, with a connection.</summary>
    public static HttpResponseMessage Connect(HttpRequestMessage request, Stream? stream = null) =>
        new(HttpStatusCode.OK) { Version = HttpVersion.Version20, RequestMessage = request, Content = new ConnectionContent(stream ?? new MemoryStream()) };

    /// <summary>A header's values as they would stand on the wire, one line; null if there is none.</summary>
    public static string? Value(HttpRequestMessage request, string name) =>
        request.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.ToString() : null;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        lock (_sync)
            _requests.Add(request);
        return answer(request, cancellationToken);
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}

/// <summary>The content of a 101: its stream is the connection.</summary>
internal sealed class ConnectionContent(Stream stream) : HttpContent
{
    public bool IsDisposed { get; private set; }

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

    protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => throw new NotSupportedException();

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        stream.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>A handler of a user's, above the plugin or below.</summary>
internal sealed class UserHandler(Func<HttpRequestMessage, Func<HttpRequestMessage, Task<HttpResponseMessage>>, Task<HttpResponseMessage>> act) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        act(request, next => base.SendAsync(next, cancellationToken));
}
