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
