using System.Net;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>What a handshake asks for. There is no method: RFC 6455 fixes it.</summary>
/// <remarks>Not thread-safe; it belongs to whoever configures it until the handshake begins.</remarks>
public sealed class WebSocketRequest
{
    // Set by whoever configures the request, until the handshake begins.
    private Version _version = HttpVersion.Version11;
    private HttpVersionPolicy _versionPolicy = HttpVersionPolicy.RequestVersionOrLower;
    private ReceiveMode _receiveMode;
    private PerMessageDeflateOptions? _compression;

    // Created when they are first read: most requests have none of these.
    private HttpRequestHeaders? _headers;
    private SubprotocolNames? _subprotocols;
    private HttpRequestOptions? _options;

    /// <summary>Where to connect: <c>ws</c>, <c>wss</c>, <c>http</c> (taken for <c>ws</c>) or <c>https</c> (taken for <c>wss</c>); relative to the client's base address, if it has one.</summary>
    public Uri? Uri { get; set; }

    /// <summary>
    /// Headers for this handshake, beside the client's default ones; <c>Host</c> may be one. Those of the handshake itself (<c>Connection</c>, <c>Upgrade</c>, <c>Sec-WebSocket-Key</c> …)
    /// are set for you, and refused here, as are those of a content (<c>Content-Type</c> …); a <c>Sec-WebSocket-Protocol</c> is taken into <see cref="Subprotocols"/>.
    /// </summary>
    public HttpRequestHeaders Headers => _headers ??= new HttpRequestMessage().Headers; // a message that is never sent: there is no other way to have headers

    /// <summary>
    /// The subprotocols to offer, the most wanted first, before those of the plugin's options. The server chooses one or none. A name that is not a token, or is in the list already, is
    /// refused with an <see cref="ArgumentException"/> when it is added. Names are no place for secrets: an error may repeat one that does not look like a credential.
    /// </summary>
    public IList<string> Subprotocols => _subprotocols ??= [];

    /// <summary>
    /// Whether the server must choose one of the subprotocols offered. If it chooses none, the handshake fails with a
    /// <see cref="WebSocketHandshakeException"/> (<see cref="HandshakeCheck.Subprotocol"/>). Where none is offered,
    /// the call fails with an <see cref="ArgumentException"/> before any traffic. Default: false.
    /// </summary>
    public bool RequireSubprotocol { get; set; }

    /// <summary>
    /// How this session compresses messages (permessage-deflate, RFC 7692), in place of what the handler's options say:
    /// options to offer it with, or null to offer none. Unless it is set, null or not, the handler's options decide.
    /// </summary>
    /// <remarks>A raw session has no extensions: options are an <see cref="ArgumentException"/> there.</remarks>
    /// <example>
    /// <code>
    /// await using var session = await client.WebSocketSessionAsync("wss://example.test/feed", request =>
    ///     request.Compression = new PerMessageDeflateOptions { ServerContextTakeover = false });
    /// </code>
    /// </example>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression;
        set => (_compression, IsCompressionSet) = (value, true);
    }

    /// <summary>The HTTP version; by default the client's. WebSockets are opened over HTTP/1.1, so a higher one needs <see cref="HttpVersionPolicy.RequestVersionOrLower"/>; else an <see cref="ArgumentException"/> refuses it. Set on an engine that lacks <see cref="EngineCapability.HttpVersion"/>, it is a <see cref="NotSupportedException"/>.</summary>
    public Version Version
    {
        get => _version;
        set => (_version, IsVersionSet) = (value, true);
    }

    /// <summary>How strictly <see cref="Version"/> is meant; by default as the client means it.</summary>
    public HttpVersionPolicy VersionPolicy
    {
        get => _versionPolicy;
        set => (_versionPolicy, IsVersionSet) = (value, true);
    }

    /// <summary>
    /// Whether a default session gives what it receives as whole messages, which is the default, or each message as a stream. A raw session gives frames, and refuses streams with an
    /// <see cref="ArgumentException"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the two.</exception>
    public ReceiveMode ReceiveMode
    {
        get => _receiveMode;
        set => _receiveMode = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), $"Expected Messages or Streams; got {(int)value}.");
    }

    /// <summary>Options for the handlers that the request passes through.</summary>
    public HttpRequestOptions Options => _options ??= [];

    /// <summary>Whether anybody has asked for <see cref="Headers"/>, and so may have set some.</summary>
    internal bool HasHeaders => _headers is not null;

    /// <summary>Whether anybody has asked for <see cref="Subprotocols"/>, and so may have added some.</summary>
    internal bool HasSubprotocols => _subprotocols is not null;

    /// <summary>Whether anybody has asked for <see cref="Options"/>, and so may have set some.</summary>
    internal bool HasOptions => _options is not null;

    /// <summary>Whether a plain URL is refused, whoever made it one: a handler before the plugin may change it, too.</summary>
    internal bool IsSecureOnly { get; set; }

    /// <summary>Whether the session is to see frames as they stand on the wire.</summary>
    internal bool IsRaw { get; set; }

    /// <summary>Whether somebody set <see cref="Version"/> or <see cref="VersionPolicy"/>, rather than leaving them as the client means them.</summary>
    internal bool IsVersionSet { get; private set; }

    /// <summary>Whether <see cref="Compression"/> was set, rather than left to the handler's options.</summary>
    internal bool IsCompressionSet { get; private set; }

    /// <summary>Takes the version that a client means, unless somebody sets another.</summary>
    internal void UseDefaults(Version version, HttpVersionPolicy policy) => (_version, _versionPolicy) = (version, policy);
}
