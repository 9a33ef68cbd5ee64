namespace Duplex.Tests;

/// <summary>Stands in for the certificate of the other platforms: a page's requests are the browser's.</summary>
internal static class LoopbackCertificate
{
    public static HttpClientHandler CreateHandler() => new();
}
