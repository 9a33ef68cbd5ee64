using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace Duplex;

/// <summary>
/// The socket that a URL names, as HTTP's handlers know it. Their URLs have hosts, and connections are pooled by host,
/// so a socket has one of its own; the address travels in the request's options.
/// </summary>
/// <remarks>Immutable.</remarks>
internal sealed class LocalSocket
{
    // RFC 6761 §6.4: names that are "guaranteed to be nonexistent".
    private const string UnixSuffix = ".unix.invalid";
    private const string PipeSuffix = ".pipe.invalid";

    // 128 bits: sockets must not share connections, and a path that collides cannot be found. A label has at most 63.
    private const int HashLength = 16;

    private static readonly HttpRequestOptionsKey<LocalSocket> Key = new("Duplex.LocalSocket");

    private readonly LocalSocketUri _uri;

    public LocalSocket(LocalSocketUri uri)
    {
        _uri = uri;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(uri.Address));
        Host = Convert.ToHexStringLower(hash.AsSpan(0, HashLength)) + (uri.IsPipe ? PipeSuffix : UnixSuffix);
        if (!uri.IsPipe && !OperatingSystem.IsBrowser())
            _ = UnixEndPoint(uri.Address); // throws where a connection would
    }

    public string Host { get; }

    /// <summary>The socket of a URL that <see cref="WebSocketUri"/> returned; null for a server's.</summary>
    public static LocalSocket? Of(Uri target) =>
        LocalSocketUri.IsOne(target) ? new LocalSocket(WebSocketUri.ReadLocal(target)) : null;

    public static LocalSocket? Of(HttpRequestMessage request) =>
        request.Options.TryGetValue(Key, out LocalSocket? socket) ? socket : null;

    /// <summary>The URL as the caller wrote it, of one that the plugin got.</summary>
    public static Uri Restore(Uri uri, LocalSocket? socket) => socket?.IsAt(uri) == true
        ? (socket._uri with { Route = uri.PathAndQuery }).ToUri()
        : uri;

    /// <summary>Whether a host is one of a socket, to which no proxy leads.</summary>
    public static bool IsHost(string host) =>
        host.EndsWith(UnixSuffix, StringComparison.Ordinal) || host.EndsWith(PipeSuffix, StringComparison.Ordinal);

    [UnsupportedOSPlatform("browser")]
    public static UnixDomainSocketEndPoint UnixEndPoint(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new ArgumentException(
                "The path of the Unix socket is too long for this system, which allows about 100 bytes. Use a " +
                "shorter one.",
                nameof(path),
                e);
        }
    }

    /// <summary>The URL that handlers see.</summary>
    public Uri ToHttp(Uri target) => new($"http://{Host}{WebSocketUri.ReadLocal(target).Route}");

    /// <summary>False if a handler above sent the request elsewhere.</summary>
    public bool IsAt(Uri uri) => uri is { IsDefaultPort: true, Scheme: "ws" or "http" } && uri.Host == Host;

    /// <summary>Prepares a request to this socket.</summary>
    public void Address(HttpRequestMessage request)
    {
        request.Options.Set(Key, this);
        if (request.Headers.Host is not null)
            return;

        // RFC 9110 §7.2: "A user agent that sends Host SHOULD send it as the first field".
        KeyValuePair<string, HeaderStringValues>[] others = [.. request.Headers.NonValidated];
        string? protocol = request.Headers.Protocol;
        request.Headers.Clear();
        request.Headers.Host = "localhost"; // as curl and Node's ws send: servers filter by host
        request.Headers.Protocol = protocol;
        foreach ((string name, HeaderStringValues values) in others)
            request.Headers.TryAddWithoutValidation(name, values);
    }

    [UnsupportedOSPlatform("browser")]
    public Task<Stream> ConnectAsync(CancellationToken token) => _uri.IsPipe
        ? SocketStreams.ConnectPipeAsync(_uri.Address, server: ".", token)
        : SocketStreams.ConnectUnixAsync(UnixEndPoint(_uri.Address), token);
}
