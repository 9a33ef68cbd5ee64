namespace Duplex.Tests;

/// <summary>What <c>/flood</c> sends: so much that no queue and no socket buffer holds all of it.</summary>
internal static class Flood
{
    public const int Messages = 512;

    public const int Size = 64 * 1024;
}
