using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;

namespace Duplex.EndToEnd;

/// <summary>The platform's ClientWebSocket, used efficiently: one buffer, the ValueTask overloads.</summary>
internal sealed class BclPeer : Peer
{
    // Sessions over HTTP/2 share its connection, as those of Duplex share their client's.
    private readonly HttpMessageInvoker _invoker =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });

    private readonly HttpMessageInvoker _tlsInvoker = new(TrustingHandler());

    public override async Task<PacedSession> OpenPacedAsync(Job job, Echoes echoes) =>
        new PacedBclSession(await OpenAsync(job), job.Size, echoes);

    protected override async Task PingPongAsync(Job job, Meter meter)
    {
        using ClientWebSocket socket = await OpenAsync(job);
        byte[] payload = job.Payload();
        byte[] buffer = Buffer(job);
        meter.Start(job.Count);
        for (long i = 0; i < job.Count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await socket.SendAsync(payload.AsMemory(), WebSocketMessageType.Text, true, CancellationToken.None)
                .ConfigureAwait(false);
            await ReceiveAsync(socket, buffer).ConfigureAwait(false);
            meter.AddLatency(began);
        }

        meter.Stop();
    }

    protected override async Task PipeAsync(Job job, Meter meter)
    {
        using ClientWebSocket socket = await OpenAsync(job);
        byte[][] payloads = job.Payloads();
        WebSocketMessageType type = TypeOf(job);
        byte[] buffer = Buffer(job);
        var window = new Window(PipelineDepth);
        meter.Start();
        Task sending = Task.Run(async () =>
        {
            for (long i = 0; i < job.Count; i++)
            {
                await window.EnterAsync(i).ConfigureAwait(false);
                ReadOnlyMemory<byte> payload = payloads[i & (payloads.Length - 1)];
                await socket.SendAsync(payload, type, true, CancellationToken.None).ConfigureAwait(false);
            }
        });
        long bytes = 0;
        for (long i = 0; i < job.Count; i++)
        {
            bytes += await ReceiveAsync(socket, buffer).ConfigureAwait(false);
            window.Received();
        }

        meter.Stop();
        await sending;
        Check(bytes, job);
    }

    protected override async Task FloodAsync(Job job, Meter meter)
    {
        using ClientWebSocket socket = await OpenAsync(job);
        byte[] buffer = Buffer(job);
        long bytes = 0;
        meter.Start();
        for (long i = 0; i < job.Count;)
        {
            ValueWebSocketReceiveResult received =
                await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).ConfigureAwait(false);
            bytes += received.Count;
            if (received.EndOfMessage)
                i++;
        }

        meter.Stop();
        Check(bytes, job);
    }

    protected override async Task SinkAsync(Job job, Meter meter)
    {
        using ClientWebSocket socket = await OpenAsync(job);
        byte[][] payloads = job.Payloads();
        WebSocketMessageType type = TypeOf(job);
        meter.Start();
        for (long i = 0; i < job.Count; i++)
        {
            ReadOnlyMemory<byte> payload = payloads[i & (payloads.Length - 1)];
            await socket.SendAsync(payload, type, true, CancellationToken.None).ConfigureAwait(false);
        }

        await ReceiveAsync(socket, new byte[256]);
        meter.Stop();
    }

    protected override async Task<object> OpenIdleAsync(Job job)
    {
        ClientWebSocket socket = await OpenAsync(job);
        return (socket, socket.ReceiveAsync(new byte[64].AsMemory(), CancellationToken.None).AsTask());
    }

    private static WebSocketMessageType TypeOf(Job job) =>
        job.IsCompressed ? WebSocketMessageType.Text : WebSocketMessageType.Binary;

    private static byte[] Buffer(Job job) => new byte[Math.Max(64 * 1024, job.Size)];

    private async Task<ClientWebSocket> OpenAsync(Job job)
    {
        var socket = new ClientWebSocket();
        if (job.IsHttp2)
        {
            socket.Options.HttpVersion = HttpVersion.Version20;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            await socket.ConnectAsync(job.Url, _invoker, CancellationToken.None);
            return socket;
        }

        if (job.IsTls)
        {
            // With a callback in its options each socket would have its own handler. Without one they share one.
            await socket.ConnectAsync(job.Url, _tlsInvoker, CancellationToken.None);
            return socket;
        }

        socket.Options.Proxy = null;
        if (job.IsCompressed)
            socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        await socket.ConnectAsync(job.Url, CancellationToken.None);
        return socket;
    }

    private static async ValueTask<int> ReceiveAsync(ClientWebSocket socket, byte[] buffer)
    {
        int bytes = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).ConfigureAwait(false);
            bytes += received.Count;
        }
        while (!received.EndOfMessage);
        return bytes;
    }
}
