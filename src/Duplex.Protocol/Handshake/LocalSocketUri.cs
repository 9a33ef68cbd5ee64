using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// A URL of a socket on this machine: <c>ws+unix:/path:/route?query</c> of a Unix socket,
/// <c>ws+npipe:name:/route?query</c> of a named pipe. Error messages never contain its parts.
/// </summary>
/// <param name="IsPipe">Whether it is a named pipe.</param>
/// <param name="Address">The socket's path, or the pipe's name, decoded.</param>
/// <param name="Route">The path and query of the request, escaped.</param>
internal sealed record LocalSocketUri(bool IsPipe, string Address, string Route)
{
    private const string Unix = "ws+unix";
    private const string Pipe = "ws+npipe";
    private const string NulInside = "Its socket's path holds NUL, which only an abstract one may begin with.";

    // Routes are combined by the rules of http, whose base is any host's.
    private static readonly Uri AnyHost = new("http://localhost/");

    public string Scheme => IsPipe ? Pipe : Unix;

    public static bool IsOne([NotNullWhen(true)] Uri? uri) => uri is { IsAbsoluteUri: true, Scheme: Unix or Pipe };

    /// <summary>Reads a URL that <see cref="IsOne"/>.</summary>
    public static bool TryRead(
        Uri uri,
        bool hasDrives,
        [NotNullWhen(true)] out LocalSocketUri? socket,
        [NotNullWhen(false)] out string? error)
    {
        (socket, error) = (null, null);
        hasDrives &= uri.Scheme == Unix;
        string rest = uri.AbsoluteUri[(uri.Scheme.Length + 1)..];
        if (uri.Fragment.Length > 0)
            error = "It has a fragment, which a WebSocket URL must not have (RFC 6455 §3). Write '#' as %23.";
        else if (uri.Authority.Length > 0)
            error = "It has a host. Write one slash, or none, after the colon.";
        if (error is not null)
            return false;

        if (rest.StartsWith("///", StringComparison.Ordinal)) // an empty host
            rest = rest["//".Length..];
        int query = rest.IndexOf('?', StringComparison.Ordinal) is var mark and >= 0 ? mark : rest.Length;
        int from = hasDrives ? AfterDrive(rest) : 0;
        int colon = rest.AsSpan(from, query - from).IndexOf(':') is var at and >= 0 ? from + at : query;
        string address = Uri.UnescapeDataString(rest[..colon]);
        string route = rest[Math.Min(colon == query ? query : colon + 1, rest.Length)..];
        if (route.Length == 0 || route[0] == '?')
            route = $"/{route}";
        if (hasDrives && address is ['/', _, ':', ..])
            address = address[1..];
        error = uri.Scheme == Pipe ? PipeError(address) : UnixError(address, hasDrives);
        if (error is null && route[0] != '/')
            error = "Its route does not begin with a slash. Write a colon of the socket's name as %3A.";
        if (error is not null)
            return false;
        socket = new LocalSocketUri(uri.Scheme == Pipe, address, Canonical(route));
        return true;
    }

    /// <summary>The URL of another route of this socket; null if the URL names another host.</summary>
    public LocalSocketUri? TryCombine(Uri relative) =>
        Uri.TryCreate(new Uri(AnyHost, Route), relative, out Uri? combined) && combined.Authority == AnyHost.Authority
            ? this with { Route = combined.PathAndQuery + combined.Fragment }
            : null;

    public Uri ToUri()
    {
        IEnumerable<string> segments = Address.Split('/').Select(Uri.EscapeDataString);
        string slash = !IsPipe && Address is [>= 'A' and <= 'Z' or >= 'a' and <= 'z', ':', ..] ? "/" : ""; // a drive
        string path = slash + string.Join('/', segments);
        if (path.StartsWith("//", StringComparison.Ordinal)) // it would begin with a host
            path = $"/%2F{path["//".Length..]}";
        return new Uri($"{Scheme}:{path}:{Route}");
    }

    private static string Canonical(string route) => new Uri($"http://localhost{route}").PathAndQuery;

    // In "/C:/app.sock" the first colon is the drive's.
    private static int AfterDrive(string rest)
    {
        int letter = rest.StartsWith('/') ? 1 : 0;
        ReadOnlySpan<char> after = rest.AsSpan(Math.Min(letter + 2, rest.Length));
        bool isDrive = char.IsAsciiLetter(rest.ElementAtOrDefault(letter))
            && rest.ElementAtOrDefault(letter + 1) == ':'
            && (after.StartsWith('/') || after.StartsWith("%5C", StringComparison.OrdinalIgnoreCase)); // a backslash
        return isDrive ? letter + 2 : 0;
    }

    private static string? PipeError(string name) =>
        name.Length == 0 ? "It has no pipe name. Expected ws+npipe:name:/route."
        : name.AsSpan().ContainsAny("/\\\0")
            ? "Its pipe name holds a slash, a backslash or NUL. Write the name alone: ws+npipe:name:/route."
        : null;

    private static string? UnixError(string path, bool hasDrives) => path switch
    {
        "" or "/" or "\0" => "It has no path of a socket. Expected ws+unix:/path/of.sock:/route.",

        // An abstract one of Linux.
        ['\0', .. var name] => name.Contains('\0', StringComparison.Ordinal) ? NulInside : null,
        _ when path.Contains('\0', StringComparison.Ordinal) => NulInside,
        ['/', ..] => null,
        [_, ':', '/' or '\\', ..] when hasDrives => null,
        _ => "Its socket's path is relative. Write an absolute one: ws+unix:/path/of.sock:/route.",
    };
}
