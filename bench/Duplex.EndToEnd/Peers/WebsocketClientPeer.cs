using System.Diagnostics;
using System.Net.WebSockets;
using Websocket.Client;

namespace Duplex.EndToEnd;

/// <summary>The NuGet package Websocket.Client, with its SendInstant.</summary>
internal sealed class WebsocketClientPeer : Peer
{
    protected override async Task PingPongAsync(Job job, Meter meter)
    {
        using var arrived = new SemaphoreSlim(0);
        using WebsocketClient client = await OpenAsync(job, _ => arrived.Release());
        byte[] payload = job.Payload();
        string text = System.Text.Encoding.ASCII.GetString(payload);
        meter.Start(job.Count);
        for (long i = 0; i < job.Count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await client.SendInstant(text).ConfigureAwait(false);
            await arrived.WaitAsync().ConfigureAwait(false);
            meter.AddLatency(began);
        }

        meter.Stop();
    }

    protected override async Task PipeAsync(Job job, Meter meter)
    {
        var window = new Window(PipelineDepth);
        var all = new Countdown(job);
        using WebsocketClient client = await OpenAsync(job, message =>
        {
            window.Received();
            all.Add(message);
        });
        byte[] payload = job.Payload();
        meter.Start();
        for (long i = 0; i < job.Count; i++)
        {
            await window.EnterAsync(i).ConfigureAwait(false);
            await client.SendInstant(payload).ConfigureAwait(false);
        }

        await all.Done;
        meter.Stop();
    }

    protected override async Task FloodAsync(Job job, Meter meter)
    {
        var all = new Countdown(job);
        meter.Start(); // it receives as soon as it is open
        using WebsocketClient client = await OpenAsync(job, all.Add);
        await all.Done;
        meter.Stop();
    }

    protected override async Task SinkAsync(Job job, Meter meter)
    {
        using var arrived = new SemaphoreSlim(0);
        using WebsocketClient client = await OpenAsync(job, _ => arrived.Release());
        byte[] payload = job.Payload();
        meter.Start();
        for (long i = 0; i < job.Count; i++)
            await client.SendInstant(payload).ConfigureAwait(false);
        await arrived.WaitAsync();
        meter.Stop();
    }

    protected override async Task<object> OpenIdleAsync(Job job) => await OpenAsync(job, _ => { });

    private static async Task<WebsocketClient> OpenAsync(Job job, Action<ResponseMessage> onMessage)
    {
        var client = new WebsocketClient(job.Url, () =>
        {
            var socket = new ClientWebSocket();
            socket.Options.Proxy = null;
            return socket;
        })
        { IsReconnectionEnabled = false };
        client.MessageReceived.Subscribe(new Receiver(onMessage));
        await client.StartOrFail();
        return client;
    }

    private sealed class Countdown(Job job)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _left = job.Count;

        public Task Done => _done.Task;

        public void Add(ResponseMessage message)
        {
            if (--_left == 0)
                _done.SetResult();
        }
    }

    private sealed class Receiver(Action<ResponseMessage> onMessage) : IObserver<ResponseMessage>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(ResponseMessage value) => onMessage(value);
    }
}
