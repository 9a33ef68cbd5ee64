namespace Duplex.Tests;

/// <summary>What a session's stream is made of.</summary>
public enum Transport
{
    /// <summary>An upgraded connection of HTTP/1.1, without TLS.</summary>
    Tcp,

    /// <summary>An upgraded connection of HTTP/1.1 over TLS.</summary>
    Tls,

    /// <summary>A stream of HTTP/2 with prior knowledge, without TLS.</summary>
    H2c,

    /// <summary>A stream of HTTP/2 over TLS.</summary>
    H2,
}

/// <summary>The transports that sessions are tested over.</summary>
public static class Transports
{
    public static TheoryData<Transport> All => [.. Enum.GetValues<Transport>()];

    public static bool IsHttp2(this Transport transport) => transport is Transport.H2c or Transport.H2;

    public static bool IsSecure(this Transport transport) => transport is Transport.Tls or Transport.H2;

    /// <summary>Makes a client ask for the transport's version of HTTP, and no other.</summary>
    public static HttpClient For(this HttpClient client, Transport transport)
    {
        client.DefaultRequestVersion = transport.IsHttp2() ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return client;
    }
}
