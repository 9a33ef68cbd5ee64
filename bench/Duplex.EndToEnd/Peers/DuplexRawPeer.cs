using System.Diagnostics;

namespace Duplex.EndToEnd;

/// <summary>A raw session, drained with TryRead.</summary>
internal sealed class DuplexRawPeer : Peer
{
    private readonly HttpClient _client =
        new(new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }));

    protected override async Task PingPongAsync(Job job, Meter meter)
    {
        await using ClientWebSocketSession session = await _client.WebSocketRawSessionAsync(job.Url, job.Configure);
        byte[] payload = job.Payload();
        meter.Start(job.Count);
        for (long i = 0; i < job.Count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await session.SendTextAsync(payload).ConfigureAwait(false);
            (await session.Incoming.ReadAsync().ConfigureAwait(false)).Recycle();
            meter.AddLatency(began);
        }

        meter.Stop();
    }

    protected override async Task PipeAsync(Job job, Meter meter)
    {
        await using ClientWebSocketSession session = await _client.WebSocketRawSessionAsync(job.Url, job.Configure);
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
        await using ClientWebSocketSession session = await _client.WebSocketRawSessionAsync(job.Url, job.Configure);
        meter.Start();
        await ReceiveAllAsync(session, job, meter, window: null);
    }

    protected override async Task SinkAsync(Job job, Meter meter)
    {
        await using ClientWebSocketSession session = await _client.WebSocketRawSessionAsync(job.Url, job.Configure);
        byte[] payload = job.Payload();
        meter.Start();
        for (long i = 0; i < job.Count; i++)
            await session.SendAsync(payload).ConfigureAwait(false);
        await session.Incoming.ReadAsync();
        meter.Stop();
    }

    protected override async Task<object> OpenIdleAsync(Job job)
    {
        ClientWebSocketSession session = await _client.WebSocketRawSessionAsync(job.Url, job.Configure);
        return (session, session.Incoming.WaitToReadAsync().AsTask());
    }

    private static async Task ReceiveAllAsync(ClientWebSocketSession session, Job job, Meter meter, Window? window)
    {
        long bytes = 0;
        long left = job.Count;
        while (left > 0 && await session.Incoming.WaitToReadAsync().ConfigureAwait(false))
        {
            while (left > 0 && session.Incoming.TryRead(out Frame? frame))
            {
                bytes += frame.Data.Length;
                frame.Recycle();
                window?.Received();
                left--;
            }
        }

        meter.Stop();
        Check(bytes, job);
    }
}
