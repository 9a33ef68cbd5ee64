namespace Duplex.Protocol;

/// <summary>The default limits for what a peer may send, and the hardest ones that memory allows.</summary>
internal static class WebSocketLimits
{
    /// <summary>The default limit for one frame's and one message's payload: 64 MiB, well above what real services send and well below what hurts a process.</summary>
    public const int DefaultMaxSize = 64 * 1024 * 1024;

    /// <summary>The default limit for the fragments of one message: a 4 MiB message in 64-byte fragments is legal and takes 65,536; twice that.</summary>
    public const int DefaultMaxFragments = 131_072;

    /// <summary>The largest settable size in bytes: a frame or message stands in one array.</summary>
    public static int LargestSize => Array.MaxLength;
}
