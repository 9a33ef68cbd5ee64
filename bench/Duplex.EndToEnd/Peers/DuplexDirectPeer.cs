using System.Diagnostics;

namespace Duplex.EndToEnd;

/// <summary>A session whose consumer is the reader: views from Messages, and answers on the spot.</summary>
internal sealed class DuplexDirectPeer : Peer
{
    private readonly HttpClient _client = Client();
    private readonly HttpClient _compressing = Client(ws => ws.Extensions.InstallPerMessageDeflate());

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
                await session.SendAsync(payloads[i & (payloads.Length - 1)]).ConfigureAwait(false);
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

    protected override Task SinkAsync(Job job, Meter meter) =>
        throw new NotSupportedException("Sending is the same in all modes: use the peer duplex.");

    protected override async Task<object> OpenIdleAsync(Job job)
    {
        DefaultClientWebSocketSession session = await OpenAsync(job);
        return (session, session.Messages.WaitToReadAsync().AsTask());
    }

    private static async Task ReceiveAllAsync(
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
        Check(bytes, job);
    }

    private static HttpClient Client(Action<WebSocketsOptions>? configure = null) =>
        new(new WebSocketsHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }, configure));

    private Task<DefaultClientWebSocketSession> OpenAsync(Job job) =>
        (job.IsCompressed ? _compressing : _client).WebSocketSessionAsync(job.Url, request =>
        {
            job.Configure(request);
            request.ReceiveMode = ReceiveMode.Direct;
        });
}
