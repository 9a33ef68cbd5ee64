namespace Duplex.Tests;

/// <summary>The two ends of a connection in memory.</summary>
internal static class Ends
{
    public static (Stream Client, Stream Server) Create()
    {
        var link = new MemoryLink();
        return (link.Client, link.Server);
    }
}
