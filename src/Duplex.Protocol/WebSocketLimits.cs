namespace Duplex.Protocol;

/// <summary>The default limits for received data, and the largest settable size.</summary>
internal static class WebSocketLimits
{
    /// <summary>64 MiB: real services stay well below, and a process can afford it.</summary>
    public const int DefaultMaxSize = 64 * 1024 * 1024;

    /// <summary>Twice those of a 4 MiB message in 64-byte fragments.</summary>
    public const int DefaultMaxFragments = 131_072;

    /// <summary>A frame or message must fit in one array.</summary>
    public static int LargestSize => Array.MaxLength;
}
