using System.Diagnostics;
using System.IO.Compression;

namespace Duplex.EndToEnd;

/// <summary>A default session, through Incoming and SendAsync.</summary>
internal class DuplexPeer(bool recycles) : Peer
{
    private readonly HttpClient _client = Client();
    private readonly HttpClient _tls = new(new WebSocketsHandler(TrustingHandler()));
    private readonly HttpClient _compressingFast = Client(ws => ws.Extensions.InstallPerMessageDeflate());

    // At the platform's level.
    private readonly HttpClient _compressing = Client(ws =>
        ws.Extensions.InstallPerMessageDeflate(deflate => deflate.Level = CompressionLevel.Optimal));

    public override async Task<PacedSession> OpenPacedAsync(Job job, Echoes echoes) =>
        new PacedDuplexSession(await OpenAsync(job), recycles, job.Size, echoes);

    protected override async Task PingPongAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(job);
        byte[] payload = job.Payload();
        meter.Start(job.Count);
        for (long i = 0; i < job.Count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await session.SendTextAsync(payload).ConfigureAwait(false);
            Frame frame = await session.Incoming.ReadAsync().ConfigureAwait(false);
            if (recycles)
                frame.Recycle();
            meter.AddLatency(began);
        }

        meter.Stop();
    }

    protected override async Task PipeAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(job);
        byte[][] payloads = job.Payloads();
        var window = new Window(PipelineDepth);
        meter.Start();
        Task sending = Task.Run(async () =>
        {
            for (long i = 0; i < job.Count; i++)
            {
                await window.EnterAsync(i).ConfigureAwait(false);
                await SendAsync(session, payloads[i & (payloads.Length - 1)], job).ConfigureAwait(false);
            }
        });
        await ReceiveAllAsync(session, job, meter, window);
        await sending;
    }

    protected override async Task FloodAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(job);
        meter.Start();
        await ReceiveAllAsync(session, job, meter, window: null);
    }

    protected override async Task SinkAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(job);
        byte[][] payloads = job.Payloads();
        meter.Start();
        for (long i = 0; i < job.Count; i++)
            await SendAsync(session, payloads[i & (payloads.Length - 1)], job).ConfigureAwait(false);
        await session.Incoming.ReadAsync();
        meter.Stop();
        meter.SetRatio(session);
    }

    protected override async Task<object> OpenIdleAsync(Job job)
    {
        DefaultClientWebSocketSession session = await OpenAsync(job);
        return (session, session.Incoming.WaitToReadAsync().AsTask());
    }

    protected virtual async Task ReceiveAllAsync(
        DefaultClientWebSocketSession session, Job job, Meter meter, Window? window)
    {
        long bytes = 0;
        long left = job.Count;
        await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
        {
            bytes += frame.Data.Length;
            if (recycles)
                frame.Recycle();
            window?.Received();
            if (--left == 0)
                break;
        }

        meter.Stop();
        meter.SetRatio(session);
        Check(bytes, job);
    }

    private static HttpClient Client(Action<WebSocketsOptions>? configure = null) =>
        new(new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }, configure));

    private static ValueTask SendAsync(DefaultClientWebSocketSession session, byte[] payload, Job job) =>
        job.IsCompressed ? session.SendTextAsync(payload) : session.SendAsync(payload);

    protected Task<DefaultClientWebSocketSession> OpenAsync(Job job)
    {
        HttpClient client = job.IsTls ? _tls
            : !job.IsCompressed ? _client
            : job.Mode.EndsWith("fast", StringComparison.Ordinal) ? _compressingFast
            : _compressing;
        return client.WebSocketSessionAsync(job.Url, request => Configure(request, job));
    }

    protected virtual void Configure(WebSocketRequest request, Job job) => job.Configure(request);
}
