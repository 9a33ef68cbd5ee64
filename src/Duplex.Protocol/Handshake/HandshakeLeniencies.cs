namespace Duplex.Protocol;

/// <summary>The faults that <see cref="HandshakeStrictness.Lenient"/> has accepted in one response.</summary>
[Flags]
internal enum HandshakeLeniencies
{
    /// <summary>None: the response obeys the rules.</summary>
    None = 0,

    /// <summary>The status 101 of HTTP/1.0.</summary>
    Http10 = 1,

    /// <summary>The name of an offered extension in a different case.</summary>
    ExtensionNameCase = 2,

    /// <summary>A semicolon at the end of an extension.</summary>
    TrailingSemicolon = 4,

    /// <summary>An empty Sec-WebSocket-Extensions header.</summary>
    EmptyExtensions = 8,
}
