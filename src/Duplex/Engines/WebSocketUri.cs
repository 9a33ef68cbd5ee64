using System.Globalization;

namespace Duplex;

/// <summary>
/// The rules of a WebSocket URI (RFC 6455 §3). Error messages never contain its parts, which may hold secrets.
/// </summary>
internal static class WebSocketUri
{
    private const int LargestPort = 65535; // 16 bits in TCP's header

    public static Uri Parse(string url, string parameter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(url, parameter);
        // On Unix, a leading slash would parse as a file path.
        return Uri.TryCreate(url, url.StartsWith('/') ? UriKind.Relative : UriKind.RelativeOrAbsolute, out Uri? uri)
            ? uri
            : throw new ArgumentException(
                "The URL is not a valid one. Expected ws://host/path or wss://host/path, or a path where the " +
                "client has a base address.",
                parameter);
    }

    public static Uri At(bool secure, string host, int? port, string? path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        UriHostNameType kind = Uri.CheckHostName(host);
        if (kind is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
        {
            throw new ArgumentException(
                "The host is not a host name or an IP address alone. Its port and its path have parameters of " +
                "their own; a whole URL is a call's only address.",
                nameof(host));
        }

        if (port is < 1 or > LargestPort)
        {
            throw new ArgumentOutOfRangeException(
                nameof(port), port, "A port is a number from 1 to 65535, or null for the scheme's own.");
        }

        string scheme = secure ? "wss" : "ws";
        string literal = kind == UriHostNameType.IPv6 && host[0] != '[' ? $"[{host}]" : host;
        string authority = port is null ? literal : string.Create(CultureInfo.InvariantCulture, $"{literal}:{port}");
        string slash = path is ['/', ..] ? "" : "/";
        return Uri.TryCreate($"{scheme}://{authority}{slash}{path}", UriKind.Absolute, out Uri? uri)
            ? uri
            : throw new ArgumentException(
                "The host and the path make no valid URL together. Check both.", nameof(host));
    }

    /// <param name="uri">Absolute or relative.</param>
    /// <param name="baseAddress">The base of a relative one.</param>
    /// <param name="secureOnly">Whether anything but <c>wss</c> is refused.</param>
    /// <param name="mayNameService">
    /// Whether a handler may still resolve <c>https+http</c>, by which service discovery's names choose a scheme.
    /// </param>
    public static Uri Resolve(Uri? uri, Uri? baseAddress, bool secureOnly = false, bool mayNameService = false)
    {
        if (uri is null)
        {
            throw new ArgumentException(
                "The request has no Uri. Set it to ws://host/path or wss://host/path.", nameof(uri));
        }

        uri = ToAbsolute(uri, baseAddress);
        ThrowIfRaw(uri);
        if (LocalSocketUri.IsOne(uri))
            return secureOnly ? throw LocalIsPlain() : ReadLocal(uri).ToUri();
        uri = ToWebSocketScheme(uri, mayNameService);
        if (secureOnly && uri.Scheme == "ws")
        {
            throw new ArgumentException(
                "A Wss… call opens no plain connection, and the URL is ws or http, relative to such a base " +
                "address, or a name that a handler resolved to one. Write wss or https, or use the WebSocket… " +
                "call of the same shape.",
                nameof(uri));
        }

        if (HasAt(uri))
        {
            throw new ArgumentException(
                "The URL has user info before its host, which HTTP would drop silently. Send an Authorization " +
                "header, or set the handler's Credentials.",
                nameof(uri));
        }

        // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on
        // these URIs."
        if (uri.Fragment.Length > 0)
        {
            throw new ArgumentException(
                "The URL has a fragment, which a WebSocket URL must not have (RFC 6455 §3). Write a '#' of the " +
                "path or query as %23.",
                nameof(uri));
        }

        bool isService = uri.Scheme is not ("ws" or "wss"); // its host is looked at when it is resolved
        if (!isService && uri.HostNameType is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
            throw new ArgumentException("The URL's host is not a host name or an IP address.", nameof(uri));
        return uri;
    }

    /// <exception cref="ArgumentException">It is malformed.</exception>
    public static LocalSocketUri ReadLocal(Uri uri) =>
        LocalSocketUri.TryRead(uri, OperatingSystem.IsWindows(), out LocalSocketUri? socket, out string? error)
            ? socket
            : throw new ArgumentException(
                $"The URL of a Unix socket or a named pipe is malformed. {error}", nameof(uri));

    /// <summary><c>http</c> equals <c>ws</c>, and <c>https</c> equals <c>wss</c>.</summary>
    public static bool IsSame(Uri one, Uri other) =>
        one.IsAbsoluteUri && other.IsAbsoluteUri && Comparable(one) == Comparable(other);

    /// <summary>The URI of the GET request that handlers above the plugin see.</summary>
    public static Uri ToHttpScheme(Uri uri) => uri.Scheme switch
    {
        "ws" => Replaced(uri, "http"),
        "wss" => Replaced(uri, "https"),
        _ => uri,
    };

    private static Uri ToAbsolute(Uri uri, Uri? baseAddress)
    {
        if (uri is { IsAbsoluteUri: true, IsFile: true } && uri.OriginalString.StartsWith('/'))
            uri = new Uri(uri.OriginalString, UriKind.Relative);
        if (uri.IsAbsoluteUri)
            return uri;
        if (baseAddress is null)
        {
            throw new ArgumentException(
                "The URL is relative, and the HttpClient has no BaseAddress. Give an absolute one, ws://host/path " +
                "or wss://host/path, or set BaseAddress.",
                nameof(uri));
        }

        Uri? absolute = LocalSocketUri.IsOne(baseAddress) ? ReadLocal(baseAddress).TryCombine(uri)?.ToUri()
            : Uri.TryCreate(baseAddress, uri, out Uri? combined) ? combined
            : null;
        return absolute ?? throw new ArgumentException(
                "The URL and the HttpClient's BaseAddress make no valid URL together. Check both.", nameof(uri));
    }

    private static ArgumentException LocalIsPlain() => new(
        "A Wss… call opens no connection without TLS, and that to a Unix socket or a named pipe has none. Use the " +
        "WebSocket… call of the same shape.",
        "uri");

    private static Uri ToWebSocketScheme(Uri uri, bool mayNameService) => uri.Scheme switch
    {
        "ws" or "wss" => uri,
        "http" => Replaced(uri, "ws"),
        "https" => Replaced(uri, "wss"),
        "https+http" or "http+https" => mayNameService
            ? uri
            : throw new ArgumentException(
                "The URL names a service (its scheme is https+http), and no handler above WebSocketsHandler " +
                "resolved it. Add service discovery's handler before WebSocketsHandler.",
                nameof(uri)),

        // Not named: in "name:password@host" the scheme is the name.
        _ => throw new ArgumentException(
            "The URL's scheme is not ws or wss (or http or https, which are taken for these). " +
            "Expected ws://host/path or wss://host/path.",
            nameof(uri)),
    };

    // UriBuilder would escape the rest again.
    private static Uri Replaced(Uri uri, string scheme)
    {
        string rest = uri.AbsoluteUri[uri.Scheme.Length..];

        // AbsoluteUri omits the zone of a link-local address, which connecting needs.
        if (uri.HostNameType == UriHostNameType.IPv6)
            rest = rest.Replace(uri.Host, $"[{uri.DnsSafeHost}]", StringComparison.Ordinal);
        return new Uri(scheme + rest);
    }

    // Such a Uri sends its path unescaped, with line breaks.
    private static void ThrowIfRaw(Uri uri)
    {
        try
        {
            _ = uri.GetComponents(UriComponents.Path, UriFormat.UriEscaped);
        }
        catch (InvalidOperationException e)
        {
            throw new ArgumentException(
                "The Uri was made with DangerousDisablePathAndQueryCanonicalization, which is not supported. Make " +
                "it without.",
                nameof(uri),
                e);
        }
    }

    // For ws://@host/ the user info is empty, but the @ is there.
    private static bool HasAt(Uri uri)
    {
        ReadOnlySpan<char> authority = uri.AbsoluteUri.AsSpan(uri.Scheme.Length + Uri.SchemeDelimiter.Length);
        int end = authority.IndexOfAny('/', '?', '#');
        return authority[..(end < 0 ? authority.Length : end)].Contains('@');
    }

    private static string Comparable(Uri uri)
    {
        string whole = uri.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);
        return whole.StartsWith("http", StringComparison.Ordinal) ? $"ws{whole.AsSpan("http".Length)}" : whole;
    }
}
