using System.Diagnostics;

namespace Duplex.EndToEnd;

/// <summary>A session whose consumer is the reader: views from Messages, and answers on the spot.</summary>
internal sealed class DuplexDirectPeer() : DuplexPeer(recycles: false)
{
    public override async Task<PacedSession> OpenPacedAsync(Job job, Echoes echoes) =>
        new PacedDirectSession(await OpenAsync(job), job.Size, echoes);

    protected override async Task PingPongAsync(Job job, Meter meter)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync(job);
        byte[] payload = job.Payload();
        meter.Start(job.Count);
        for (long i = 0; i < job.Count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            session.TrySend(payload, FrameType.Text);
            await session.Messages.WaitToReadAsync().ConfigureAwait(false);
            session.Messages.TryRead(out _);
            meter.AddLatency(began);
        }

        meter.Stop();
    }

    protected override async Task ReceiveAllAsync(
        DefaultClientWebSocketSession session, Job job, Meter meter, Window? window)
    {
        long bytes = 0;
        long left = job.Count;
        while (left > 0 && await session.Messages.WaitToReadAsync().ConfigureAwait(false))
        {
            while (left > 0 && session.Messages.TryRead(out MessageView message))
            {
                bytes += message.Data.Length;
                window?.Received();
                left--;
            }
        }

        meter.Stop();
        meter.SetRatio(session);
        Check(bytes, job);
    }

    protected override void Configure(WebSocketRequest request, Job job)
    {
        base.Configure(request, job);
        request.ReceiveMode = ReceiveMode.Direct;
    }
}
