namespace Duplex.Tests;

/// <summary>The HTTP engine against real Kestrel.</summary>
public sealed class HttpEngineTests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["ws"];

    protected override WebSocketEngine Engine => WebSocketEngines.Http;
}

/// <summary>The HTTP engine against real Kestrel, encrypted.</summary>
public sealed class HttpEngineOverTlsTests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["wss"];

    protected override WebSocketEngine Engine => WebSocketEngines.Http;
}

/// <summary>The HTTP engine over HTTP/2, without TLS.</summary>
public sealed class HttpEngineOverHttp2Tests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["h2c"];

    protected override Version HttpVersion => System.Net.HttpVersion.Version20;

    protected override WebSocketEngine Engine => WebSocketEngines.Http;
}

/// <summary>The HTTP engine over HTTP/2, encrypted.</summary>
public sealed class HttpEngineOverHttp2AndTlsTests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["wss"];

    protected override Version HttpVersion => System.Net.HttpVersion.Version20;

    protected override WebSocketEngine Engine => WebSocketEngines.Http;
}

/// <summary>The HTTP engine over a Unix socket.</summary>
public sealed class HttpEngineOverUnixSocketTests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["unix"];

    protected override WebSocketEngine Engine => WebSocketEngines.Http;
}

/// <summary>The HTTP engine over HTTP/2 and a Unix socket.</summary>
public sealed class HttpEngineOverUnixSocketAndHttp2Tests(KestrelServer server) : EngineConformance, IClassFixture<KestrelServer>
{
    protected override Uri Server => server["unix h2c"];

    protected override Version HttpVersion => System.Net.HttpVersion.Version20;

    protected override WebSocketEngine Engine => WebSocketEngines.Http;
}
