using System.Collections.Concurrent;
using System.Runtime.Versioning;
using System.Text;

namespace Duplex;

/// <summary>
/// Takes connections out of a handler after their handshake. What HttpClient needed for it, a connection object with
/// two buffers of 4 KiB, is then not kept as long as the session. Thread-safe.
/// </summary>
[UnsupportedOSPlatform("browser")]
internal sealed class ConnectionTaker
{
    private const int KeyLength = 24; // 16 bytes in Base64 (RFC 6455 §4.1)

    private readonly ConcurrentDictionary<string, Handshake> _handshakes = new(StringComparer.Ordinal);

    /// <summary>The one of all handlers: a key tells which connection belongs to which handshake.</summary>
    public static ConnectionTaker Shared { get; } = new();

    /// <summary>Makes a handler's connections takeable, unless it is in use, has a filter, or is of another kind.</summary>
    public void TryInstall(HttpMessageHandler? primary)
    {
        if (primary is not SocketsHttpHandler { PlaintextStreamFilter: null } handler)
            return;
        try
        {
            handler.PlaintextStreamFilter = FilterAsync;
        }
        catch (InvalidOperationException)
        {
            // It has sent a request, or is disposed: HttpClient keeps its connections.
        }
    }

    /// <summary>Looks for the connection of a handshake from now on, until the result is disposed.</summary>
    /// <param name="key">The handshake's Sec-WebSocket-Key.</param>
    public Handshake Expect(string key) => _handshakes[key] = new Handshake(this, key);

    /// <summary>The expected handshake whose request this is; null if it is another request.</summary>
    public Handshake? Find(ReadOnlySpan<byte> request)
    {
        if (_handshakes.IsEmpty)
            return null;
        ReadOnlySpan<byte> name = "Sec-WebSocket-Key: "u8;
        int start = request.IndexOf(name);
        if (start < 0 || request.Length < start + name.Length + KeyLength)
            return null;
        string key = Encoding.ASCII.GetString(request.Slice(start + name.Length, KeyLength));
        return _handshakes.GetValueOrDefault(key);
    }

    /// <summary>HttpClient's end of a connection. Connections of HTTP/2 stay as they are.</summary>
    public ValueTask<Stream> FilterAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken token) =>
        new(context.NegotiatedHttpVersion.Major == 1
            ? new TakeableStream(context.PlaintextStream, this)
            : context.PlaintextStream);

    /// <summary>A handshake, and the connection on which it was sent last.</summary>
    public sealed class Handshake(ConnectionTaker taker, string key) : IDisposable
    {
        private TakeableStream? _connection;
        private bool _isWriting;

        /// <summary>Takes the connection, after a response that opens the session. Null if that is not possible.</summary>
        public ValueTask<Stream?> TryTakeAsync() => _connection?.TryTakeAsync() ?? default;

        /// <summary>Sends the request.</summary>
        /// <returns>False: a connection through this one is sending it, which is then the one to be taken.</returns>
        public bool TryBeginWrite(TakeableStream connection)
        {
            if (_isWriting)
                return false;
            (_connection, _isWriting) = (connection, true);
            return true;
        }

        public void EndWrite() => _isWriting = false;

        public void Dispose() => taker._handshakes.TryRemove(key, out _);
    }
}
