using System.Collections.Concurrent;
using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>Handshakes and sessions over real connections, as metrics and traces show them.</summary>
public sealed class TelemetryTests(KestrelServer server) : IClassFixture<KestrelServer>, IDisposable
{
    private const string Secret = "s3cret";

    // Spans are the whole process's: those of this test descend from its own.
    private readonly Activity _mine = new Activity("test").Start();
    private readonly ConcurrentQueue<Activity> _ended = [];
    private readonly MeterProbe _probe = new();
    private ActivityListener? _listener;

    public void Dispose()
    {
        _listener?.Dispose();
        _probe.Dispose();
        _mine.Dispose();
    }

    private HttpClient NewClient(Action<WebSocketsOptions>? configure = null) => new(new WebSocketsHandler(ws =>
    {
        ws.MeterFactory = _probe;
        configure?.Invoke(ws);
    }));

    private Uri At(string path) => new(server["ws"], $"{path}?token={Secret}");

    private string Tags => $"server.address=127.0.0.1 server.port={server["ws"].Port} url.scheme=ws";

    [Fact]
    public async Task A_handshake_is_measured()
    {
        _ = _probe.Instruments;
        using HttpClient client = NewClient();

        await using (await client.WebSocketSessionAsync(At("/echo")).Soon())
        {
        }

        Assert.EndsWith($" {Tags} http.response.status_code=101", Assert.Single(_probe.Of("duplex.handshake.duration")), StringComparison.Ordinal);
        Assert.EndsWith($" {Tags} duplex.close.initiator=local duplex.close.code=1000", Assert.Single(_probe.Of("duplex.session.duration")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_over_HTTP_2_has_its_status()
    {
        _ = _probe.Instruments;
        using HttpClient client = NewClient();
        (client.DefaultRequestVersion, client.DefaultVersionPolicy) = (System.Net.HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);

        await (await client.WebSocketSessionAsync(new Uri(server["h2c"], "/echo")).Soon()).DisposeAsync();

        Assert.EndsWith(" url.scheme=ws http.response.status_code=200", Assert.Single(_probe.Of("duplex.handshake.duration")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_that_fails_is_measured_with_the_failed_check()
    {
        _ = _probe.Instruments;
        using HttpClient client = NewClient();

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(At("/nothing")).Soon());
        using var none = new CancellationTokenSource();
        await none.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.WebSocketSessionAsync(At("/echo"), none.Token).Soon());

        Assert.EndsWith(
            $" {Tags} http.response.status_code=404 error.type=Duplex.WebSocketHandshakeException duplex.handshake.check=Status",
            Assert.Single(_probe.Of("duplex.handshake.duration")), StringComparison.Ordinal); // a call that was cancelled before made none
    }

    [Fact]
    public async Task Compressed_messages_are_counted_both_ways()
    {
        _ = _probe.Instruments;
        using HttpClient client = NewClient(ws => ws.Extensions.InstallPerMessageDeflate());
        string text = new('a', 10_000);

        await using (DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(At("/deflate")).Soon())
        {
            Assert.True(session.TryGetExtension<PerMessageDeflate>(out _));
            await session.SendAsync(text);
            Assert.Equal(text, await session.ReceiveTextAsync().AsTask().Soon());
        }

        foreach (string direction in (string[])["transmit", "receive"])
        {
            double plain = _probe.Sum("duplex.compression.io", $"direction={direction} duplex.compression.state=uncompressed");
            double compressed = _probe.Sum("duplex.compression.io", $"direction={direction} duplex.compression.state=compressed");
            Assert.Equal(10_000, plain);
            Assert.InRange(compressed, 1, 1000);
            Assert.Equal(10_000, _probe.Sum("duplex.message.io", $"direction={direction} duplex.message.type=text"));
        }
    }

    [Fact]
    public async Task A_handshake_is_a_span_above_the_requests_own()
    {
        Listen();
        using HttpClient client = NewClient();

        await using (DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(At("/echo")).Soon())
            Assert.Same(_mine, Activity.Current);

        Activity handshake = Assert.Single(Mine("Duplex"));
        Assert.Equal(("websocket handshake", ActivityKind.Client, _mine.SpanId), (handshake.OperationName, handshake.Kind, handshake.ParentSpanId));
        Assert.Equal(ActivityStatusCode.Unset, handshake.Status);
        Assert.Equal(
            [
                "http.response.status_code=101", "network.protocol.name=websocket", "server.address=127.0.0.1",
                $"server.port={server["ws"].Port}", $"url.full=ws://127.0.0.1:{server["ws"].Port}/echo", "url.scheme=ws",
            ],
            handshake.TagObjects.Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(handshake.SpanId, Assert.Single(Mine("System.Net.Http")).ParentSpanId);
    }

    [Fact]
    public async Task A_handshake_that_fails_is_a_span_with_an_error()
    {
        Listen();
        using HttpClient client = NewClient();

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(At("/nothing")).Soon());

        Activity handshake = Assert.Single(Mine("Duplex"));
        Assert.Equal((ActivityStatusCode.Error, "Status"), (handshake.Status, handshake.StatusDescription));
        Assert.Equal(404, handshake.GetTagItem("http.response.status_code"));
        Assert.Equal("Duplex.WebSocketHandshakeException", handshake.GetTagItem("error.type"));
        Assert.Equal("Status", handshake.GetTagItem("duplex.handshake.check"));
        Assert.DoesNotContain(handshake.TagObjects, tag => $"{tag.Value}".Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_session_is_a_span_where_that_is_asked_for()
    {
        Listen();
        using HttpClient client = NewClient(ws => ws.TraceSessions = true);

        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(At("/echo")).Soon();
        Assert.Same(_mine, Activity.Current);
        await session.SendAsync("one");
        await session.ReceiveTextAsync().AsTask().Soon();
        await session.CloseAsync((CloseCode)4001, "bye").Soon();
        await session.DisposeAsync().AsTask().Soon();

        Activity span = Assert.Single(Mine("Duplex"), span => span.OperationName == "websocket session");
        Assert.Same(_mine, Activity.Current);
        Assert.Equal(_mine.SpanId, span.ParentSpanId);
        Assert.Equal(session.Id, span.GetTagItem("duplex.session.id"));
        Assert.Equal(4001, span.GetTagItem("duplex.close.code"));
        Assert.Equal("local", span.GetTagItem("duplex.close.initiator"));
        Assert.Equal((1L, 1L, 0L), (span.GetTagItem("duplex.session.messages_sent"), span.GetTagItem("duplex.session.messages_received"), span.GetTagItem("duplex.session.messages_discarded")));
        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_lost_session_is_a_span_with_an_error()
    {
        Listen();
        using HttpClient client = NewClient(ws => ws.TraceSessions = true);

        DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(At("/echo")).Soon();
        session.Abort();
        await session.Completion.Soon();

        Activity span = Assert.Single(Mine("Duplex"), span => span.OperationName == "websocket session");
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal(1006, span.GetTagItem("duplex.close.code"));
    }

    private void Listen()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Duplex" or "System.Net.Http",
            Sample = (ref options) => options.Parent.TraceId == _mine.TraceId ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None, // or others' requests would bear traceparent
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    private IEnumerable<Activity> Mine(string source) => _ended.Where(span => span.Source.Name == source && span.TraceId == _mine.TraceId);
}
