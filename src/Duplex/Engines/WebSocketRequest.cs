using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.Versioning;
using System.Text;

namespace Duplex;

/// <summary>The request for a session. It has no method: RFC 6455 requires GET.</summary>
/// <remarks>Not thread-safe. Do not change it after the handshake has started.</remarks>
public sealed class WebSocketRequest
{
    // Written only before the handshake starts.
    private Version _version = HttpVersion.Version11;
    private HttpVersionPolicy _versionPolicy = HttpVersionPolicy.RequestVersionOrLower;
    private ReceiveMode _receiveMode;
    private PerMessageDeflateOptions? _compression;

    // Created on first use.
    private HttpRequestHeaders? _headers;
    private SubprotocolNames? _subprotocols;
    private HttpRequestOptions? _options;

    /// <summary>
    /// The URL: <c>ws</c>, <c>wss</c>, <c>http</c> (as <c>ws</c>) or <c>https</c> (as <c>wss</c>), or relative to the
    /// client's base address. <c>ws+unix:/path:/route</c> is that of a Unix socket, and <c>ws+npipe:name:/route</c> of
    /// a named pipe; both need <see cref="EngineCapability.LocalSockets"/>.
    /// </summary>
    public Uri? Uri { get; set; }

    /// <summary>
    /// Headers for this handshake, besides the client's default headers; <c>Host</c> is allowed. Headers of the
    /// handshake itself (<c>Connection</c>, <c>Upgrade</c>, <c>Sec-WebSocket-Key</c> …) are set for you. They and
    /// content headers (<c>Content-Type</c> …) are rejected. A <c>Sec-WebSocket-Protocol</c> is added to
    /// <see cref="Subprotocols"/>.
    /// </summary>
    [UnsupportedOSPlatform("browser")]
    public HttpRequestHeaders Headers => CreatedHeaders;

    /// <summary>
    /// The subprotocols to offer, in order of preference, before those of the plugin's options. Adding a duplicate or a
    /// name that is not a token throws <see cref="ArgumentException"/>. Do not put secrets into names: an error message
    /// may contain one that does not look like a credential.
    /// </summary>
    public IList<string> Subprotocols => _subprotocols ??= [];

    /// <summary>
    /// Whether the server must choose one of the subprotocols offered; default: false. If it chooses none, the
    /// handshake fails (<see cref="HandshakeCheck.Subprotocol"/>). If none is offered, the call throws
    /// <see cref="ArgumentException"/> before any traffic.
    /// </summary>
    public bool RequireSubprotocol { get; set; }

    /// <summary>
    /// How this session compresses messages (permessage-deflate, RFC 7692): options to offer compression, null to offer
    /// none. If never set, the handler's options apply.
    /// </summary>
    /// <remarks>
    /// A raw session has no extensions: options throw <see cref="ArgumentException"/> when it is opened.
    /// </remarks>
    /// <example>
    /// <code>
    /// await using var session = await client.WebSocketSessionAsync("wss://example.test/feed", request =>
    ///     request.Compression = new PerMessageDeflateOptions { ServerContextTakeover = false });
    /// </code>
    /// </example>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression;
        [UnsupportedOSPlatform("browser")]
        set => (_compression, IsCompressionSet) = (value, true);
    }

    /// <summary>
    /// The HTTP version, 1.1 or 2.0 (RFC 8441). Default: the client's. If set and the engine lacks
    /// <see cref="EngineCapability.HttpVersion"/>, the call throws <see cref="NotSupportedException"/>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// With <see cref="VersionPolicy"/> it says which versions are tried, in this order:
    /// </para>
    /// <list type="table">
    /// <listheader><term>Version, policy</term><description>wss; ws</description></listheader>
    /// <item><term>1.1, RequestVersionOrLower (the default)</term><description>1.1; 1.1</description></item>
    /// <item><term>1.1 or lower, RequestVersionOrHigher</term><description>2 then 1.1; 1.1</description></item>
    /// <item><term>2.0 or higher, RequestVersionOrLower</term><description>2 then 1.1; 1.1</description></item>
    /// <item><term>2.0, RequestVersionOrHigher</term><description>2 then 1.1; the same</description></item>
    /// <item><term>1.1 or 2.0, RequestVersionExact</term><description>that one; that one</description></item>
    /// </list>
    /// <para>
    /// Any other combination makes the call throw <see cref="ArgumentException"/>. HTTP/1.1 follows 2 only if the
    /// server does not offer WebSockets over HTTP/2.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public Version Version
    {
        get => _version;
        [UnsupportedOSPlatform("browser")]
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            (_version, IsVersionSet) = (value, true);
        }
    }

    /// <summary>How <see cref="Version"/> is interpreted. Default: the client's policy.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is undefined.</exception>
    public HttpVersionPolicy VersionPolicy
    {
        get => _versionPolicy;
        [UnsupportedOSPlatform("browser")]
        set
        {
            if (!Enum.IsDefined(value))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(value),
                    "Expected RequestVersionOrLower, RequestVersionOrHigher or RequestVersionExact; got " +
                    $"{(int)value}.");
            }

            (_versionPolicy, IsVersionSet) = (value, true);
        }
    }

    /// <summary>
    /// How a default session delivers messages. A raw session delivers frames; another mode than the default throws
    /// <see cref="ArgumentException"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is undefined.</exception>
    public ReceiveMode ReceiveMode
    {
        get => _receiveMode;
        set => _receiveMode = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(value), $"Expected Messages, Streams or Direct; got {(int)value}.");
    }

    /// <summary>
    /// Adds a token to the query of <see cref="Uri"/>, for a server that reads it there: a browser sends no headers.
    /// Logs, telemetry and errors of this library never hold a query, but those of servers and proxies often do: use a
    /// token that is short-lived.
    /// </summary>
    /// <param name="token">The token, which is escaped.</param>
    /// <param name="name">The parameter's name. Default: that of RFC 6750 §2.3, <c>access_token</c>.</param>
    /// <exception cref="ArgumentException">The token or the name is null or empty.</exception>
    /// <exception cref="InvalidOperationException"><see cref="Uri"/> is null.</exception>
    /// <example>
    /// <code>
    /// await using var session = await client.WebSocketSessionAsync(
    ///     "wss://example.test/feed", request => request.AddTokenToQuery(token));
    /// </code>
    /// </example>
    public void AddTokenToQuery(string token, string name = "access_token")
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Uri is null)
            throw new InvalidOperationException("The request has no Uri to add a token to. Set it first.");
        string before = Uri.OriginalString, fragment = "";
        if (before.IndexOf('#', StringComparison.Ordinal) is >= 0 and int at)
            (before, fragment) = (before[..at], before[at..]); // refused later, like any
        char separator = !before.Contains('?', StringComparison.Ordinal) ? '?' : '&';
        string parameter = $"{System.Uri.EscapeDataString(name)}={System.Uri.EscapeDataString(token)}";
        Uri = new Uri($"{before}{separator}{parameter}{fragment}", UriKind.RelativeOrAbsolute);
    }

    /// <summary>
    /// Offers a token as a subprotocol, for a server that reads it there: a browser sends no headers. Also offer one
    /// for the server to choose: a browser fails the handshake if it chooses none.
    /// </summary>
    /// <remarks>
    /// A token with characters that a subprotocol cannot have is sent as base64url without padding (RFC 4648 §5); a JWT
    /// has none of them. For Kubernetes, pass the prefix <c>base64url.bearer.authorization.k8s.io.</c> and
    /// <paramref name="alwaysEncode"/>.
    /// </remarks>
    /// <param name="token">The token.</param>
    /// <param name="prefix">What the server expects before it. Default: nothing.</param>
    /// <param name="alwaysEncode">Whether to encode a token that needs no encoding. Default: false.</param>
    /// <exception cref="ArgumentException">
    /// The token is null or empty, the prefix has a character that a subprotocol cannot have, or the result is offered
    /// already.
    /// </exception>
    public void AddTokenToSubprotocols(string token, string prefix = "", bool alwaysEncode = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        ArgumentNullException.ThrowIfNull(prefix);
        string sent = alwaysEncode || !HttpGrammar.IsToken(token)
            ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(token))
            : token;
        Subprotocols.Add(prefix + sent);
    }

    /// <summary>Options for the client's handlers.</summary>
    public HttpRequestOptions Options => _options ??= [];

    /// <summary><see cref="Headers"/>, on every platform.</summary>
    internal HttpRequestHeaders CreatedHeaders =>
        _headers ??= new HttpRequestMessage().Headers; // no public constructor

    /// <summary>Whether <see cref="Headers"/> was read: reading creates them.</summary>
    internal bool HasHeaders => _headers is not null;

    internal bool HasSubprotocols => _subprotocols is not null;

    internal bool HasOptions => _options is not null;

    /// <summary>Refuses a plain URL, even if a handler above the plugin set it.</summary>
    internal bool IsSecureOnly { get; set; }

    internal bool IsRaw { get; set; }

    /// <summary>
    /// Opens a new connection, with a new lookup of its host, even if one of an earlier handshake is idle. It has no
    /// effect with a handler of the caller's.
    /// </summary>
    internal bool WantsNewConnection { get; set; }

    /// <summary>Null if the URL is a server's.</summary>
    internal LocalSocket? LocalSocket { get; set; }

    internal bool IsVersionSet { get; private set; }

    internal bool IsCompressionSet { get; private set; }

    /// <summary>The client's, unless the request has its own.</summary>
    internal void UseDefaults(Version version, HttpVersionPolicy policy)
    {
        if (!IsVersionSet)
            (_version, _versionPolicy) = (version, policy);
    }
}
