using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;

namespace Duplex.Tests;

/// <summary>See also TelemetryTests, over real connections.</summary>
public sealed class HandshakeTelemetryTests : IDisposable
{
    private const string Server = "server.address=host.test server.port=80 url.scheme=ws";
    private static readonly Uri Target = new("ws://host.test/");
    private readonly MeterProbe _probe = new();

    public void Dispose() => _probe.Dispose();

    [Fact]
    public void A_failure_has_type_and_check()
    {
        new HandshakeTelemetry().Failed(Options(), TimeSpan.FromSeconds(1.5), new Uri("ws://host.test/?secret"), new WebSocketHandshakeException(HandshakeCheck.Accept, "wrong"));

        Assert.Equal([$"1.5 {Server} error.type=Duplex.WebSocketHandshakeException duplex.handshake.check=Accept"], _probe.Of("duplex.handshake.duration"));
    }

    [Fact]
    public void A_cancellation_is_one_too()
    {
        new HandshakeTelemetry().Failed(Options(), TimeSpan.FromSeconds(1), Target, new OperationCanceledException());

        Assert.Equal([$"1 {Server} error.type=System.OperationCanceledException"], _probe.Of("duplex.handshake.duration"));
    }

    [Fact]
    public void A_meter_factory_that_throws_fails_no_handshake()
    {
        var options = new WebSocketsOptions { MeterFactory = new DisposedFactory() };

        new HandshakeTelemetry().Succeeded(options, TimeSpan.FromSeconds(1), Target, HttpStatusCode.OK, subprotocol: null);
        new HandshakeTelemetry().Failed(options, TimeSpan.FromSeconds(1), Target, new IOException());
    }

    [Fact]
    public void Without_a_plugin_there_is_no_meter()
    {
        new HandshakeTelemetry().Failed(options: null, TimeSpan.Zero, Target, new InvalidOperationException());

        Assert.Empty(_probe.Of("duplex.handshake.duration"));
    }

    [Theory]
    [InlineData("sample")]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("measure")]
    public void A_listener_that_throws_fails_no_handshake(string when)
    {
        using Activity mine = new Activity("test").Start();
        int thrown = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Duplex",
            Sample = (ref options) => Throw(options.Parent.TraceId, "sample") ? default : ActivitySamplingResult.AllData,
            ActivityStarted = span => Throw(span.TraceId, "start"),
            ActivityStopped = span => Throw(span.TraceId, "stop"),
        };
        ActivitySource.AddActivityListener(listener);
        _probe.Throws = when == "measure" ? new InvalidCastException() : null;

        new HandshakeTelemetry().Succeeded(Options(), TimeSpan.FromSeconds(1), Target, HttpStatusCode.SwitchingProtocols, subprotocol: null);

        Assert.Equal(when == "measure" ? 0 : 1, thrown);
        Assert.Equal(when == "measure" ? 0 : 1, _probe.Sum("duplex.handshake.duration"));

        // Listeners are the whole process's: other tests' spans are left alone.
        bool Throw(ActivityTraceId trace, string what)
        {
            if (what != when || trace != mine.TraceId)
                return false;
            thrown++;
            throw new InvalidCastException("The listener is full.");
        }
    }

    private WebSocketsOptions Options()
    {
        _ = _probe.Instruments; // listens
        return new WebSocketsOptions { MeterFactory = _probe };
    }

    private sealed class DisposedFactory : IMeterFactory
    {
        public Meter Create(MeterOptions options) => throw new ObjectDisposedException(nameof(IMeterFactory));

        public void Dispose()
        {
        }
    }
}
