using System.Diagnostics;

namespace Duplex.EndToEnd;

/// <summary>A default session, through Incoming and SendAsync.</summary>
internal sealed class DuplexPeer(bool recycles) : Peer
{
    private readonly HttpClient _client = new(new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }));

    protected override async Task PingPongAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(job.Url);
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
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(job.Url);
        byte[] payload = job.Payload();
        var window = new Window(PipelineDepth);
        meter.Start();
        Task sending = Task.Run(async () =>
        {
            for (long i = 0; i < job.Count; i++)
            {
                await window.EnterAsync(i).ConfigureAwait(false);
                await session.SendAsync(payload).ConfigureAwait(false);
            }
        });
        await ReceiveAllAsync(session, job, meter, window);
        await sending;
    }

    protected override async Task FloodAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(job.Url);
        meter.Start();
        await ReceiveAllAsync(session, job, meter, window: null);
    }

    protected override async Task SinkAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(job.Url);
        byte[] payload = job.Payload();
        meter.Start();
        for (long i = 0; i < job.Count; i++)
            await session.SendAsync(payload).ConfigureAwait(false);
        await session.Incoming.ReadAsync();
        meter.Stop();
    }

    protected override async Task<object> OpenIdleAsync(Job job)
    {
        DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(job.Url);
        return (session, session.Incoming.WaitToReadAsync().AsTask());
    }

    private async Task ReceiveAllAsync(DefaultClientWebSocketSession session, Job job, Meter meter, Window? window)
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
        Check(bytes, job);
    }
}
