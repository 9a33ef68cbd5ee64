using System.Net;

namespace Duplex.Tests;

/// <summary>See also TelemetryTests, over real connections.</summary>
public sealed class HandshakeTelemetryTests : IDisposable
{
    private const string Server = "server.address=host.test server.port=80 url.scheme=ws";
    private readonly MeterProbe _probe = new();

    public void Dispose() => _probe.Dispose();

    [Fact]
    public void A_failure_has_type_and_check()
    {
        using var telemetry = new HandshakeTelemetry(new Uri("ws://host.test/?secret"));

        telemetry.Failed(_probe.Instruments, TimeSpan.FromSeconds(1.5), new WebSocketHandshakeException(HandshakeCheck.Accept, "wrong"));

        Assert.Equal([$"1.5 {Server} error.type=Duplex.WebSocketHandshakeException duplex.handshake.check=Accept"], _probe.Of("duplex.handshake.duration"));
    }

    [Fact]
    public void A_cancellation_is_one_too()
    {
        using var telemetry = new HandshakeTelemetry(new Uri("ws://host.test/"));

        telemetry.Failed(_probe.Instruments, TimeSpan.FromSeconds(1), new OperationCanceledException());

        Assert.Equal([$"1 {Server} error.type=System.OperationCanceledException"], _probe.Of("duplex.handshake.duration"));
    }

    [Fact]
    public void Without_a_plugin_there_is_no_meter()
    {
        using var telemetry = new HandshakeTelemetry(new Uri("ws://host.test/"));

        telemetry.Failed(instruments: null, TimeSpan.Zero, new InvalidOperationException());

        Assert.Empty(_probe.Of("duplex.handshake.duration"));
    }

    [Fact]
    public void A_listener_that_throws_fails_no_handshake()
    {
        using var telemetry = new HandshakeTelemetry(new Uri("ws://host.test/"));
        _probe.Throws = new InvalidCastException();

        telemetry.Succeeded(_probe.Instruments, TimeSpan.FromSeconds(1), HttpStatusCode.SwitchingProtocols, subprotocol: null);
    }
}
