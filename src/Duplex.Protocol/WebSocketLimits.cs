namespace Duplex.Protocol;

/// <summary>The default limits for received data, and the largest settable size.</summary>
internal static class WebSocketLimits
{
    /// <summary>
    /// The default limit in bytes for a frame and for a message: 64 MiB, which real services stay well below and a
    /// process can afford.
    /// </summary>
    public const int DefaultMaxSize = 64 * 1024 * 1024;

    /// <summary>
    /// The default limit for the fragments of one message: twice those of a 4 MiB message in 64-byte fragments.
    /// </summary>
    public const int DefaultMaxFragments = 131_072;

    /// <summary>The largest settable size in bytes: a frame or message must fit in one array.</summary>
    public static int LargestSize => Array.MaxLength;
}
