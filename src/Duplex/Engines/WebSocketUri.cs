namespace Duplex;

/// <summary>The rules of a WebSocket URI (RFC 6455 §3). No message repeats the URI: it may hold secrets.</summary>
internal static class WebSocketUri
{
    /// <summary>Reads what a user typed.</summary>
    /// <exception cref="ArgumentException">It is no URI.</exception>
    public static Uri Parse(string url, string parameter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(url, parameter);
        // A path that begins with a slash is relative, not a file.
        return Uri.TryCreate(url, url.StartsWith('/') ? UriKind.Relative : UriKind.RelativeOrAbsolute, out Uri? uri)
            ? uri
            : throw new ArgumentException("The URL is not a valid one. Expected ws://host/path or wss://host/path, or a path where the client has a base address.", parameter);
    }

    /// <summary>The absolute <c>ws</c> or <c>wss</c> URI that a handshake goes to.</summary>
    /// <param name="uri">What was asked for.</param>
    /// <param name="baseAddress">The client's base address.</param>
    /// <exception cref="ArgumentException">There is none, or it breaks a rule.</exception>
    public static Uri Resolve(Uri? uri, Uri? baseAddress)
    {
        if (uri is null)
            throw new ArgumentException("The request has no Uri. Set it to ws://host/path or wss://host/path.", nameof(uri));
        if (!uri.IsAbsoluteUri)
        {
            uri = baseAddress is null
                ? throw new ArgumentException("The URL is relative, and the HttpClient has no BaseAddress. Give an absolute one, ws://host/path or wss://host/path, or set BaseAddress.", nameof(uri))
                : new Uri(baseAddress, uri);
        }

        string scheme = uri.Scheme switch
        {
            "ws" or "http" => "ws",
            "wss" or "https" => "wss",
            _ => throw new ArgumentException($"The URL's scheme is '{uri.Scheme}'; expected ws or wss (or http or https, which are taken for these).", nameof(uri)),
        };
        if (uri.UserInfo.Length > 0)
            throw new ArgumentException("The URL has user info before its host, which HTTP would drop silently. Send an Authorization header, or set the handler's Credentials.", nameof(uri));

        // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these URIs."
        if (uri.Fragment.Length > 0 || uri.OriginalString.Contains('#', StringComparison.Ordinal))
            throw new ArgumentException("The URL has a fragment, which a WebSocket URL must not have (RFC 6455 §3). Write a '#' of the path or query as %23.", nameof(uri));
        if (uri.HostNameType is UriHostNameType.Unknown or UriHostNameType.Basic || uri.Host.Length == 0)
            throw new ArgumentException("The URL's host is not a host name or an IP address.", nameof(uri));

        if (uri.Scheme == scheme)
            return uri;
        return new UriBuilder(uri) { Scheme = scheme, Port = uri.IsDefaultPort ? -1 : uri.Port }.Uri;
    }

    /// <summary>What may be told of a URI: neither query nor user info.</summary>
    public static string Describe(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
