using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Staying connected to real servers that go away, in real time.</summary>
public sealed class StayConnectedTests
{
    private const int Restarts = 50;

    [Fact]
    public async Task A_feed_survives_a_server_that_is_killed_and_restarted_again_and_again()
    {
        int port = FreePort();
        using var client = new HttpClient(new WebSocketsHandler());
        int next = 0;
        await using ReconnectingWebSocket feed = client.CreateReconnectingWebSocket($"ws://127.0.0.1:{port}/", options =>
        {
            (options.MinDelay, options.MaxDelay) = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(20));
            options.Observe = (frame, _) => next = 1 + Number(frame);
            options.OnConnected((connection, token) => connection.SendAsync($"{next}", token));
        });
        feed.Start();
        List<int> received = [];
        Task consuming = Task.Run(async () =>
        {
            await foreach (Frame frame in feed.Incoming.ReadAllAsync())
            {
                lock (received)
                    received.Add(Number(frame));
            }
        });
        for (int restart = 0; restart < Restarts; restart++)
        {
            await using WebApplication server = await StartAsync(port);
            int before = Count(received);
            await Patience.Until(() => Count(received) > before + 10);
            await server.StopAsync(new CancellationToken(canceled: true)); // aborts its connections
        }

        await feed.CloseAsync().Soon();
        await consuming.Soon();
        Assert.Equal(Enumerable.Range(0, received.Count), received);
        Assert.True(feed.Current.Epoch >= Restarts, $"{feed.Current.Epoch} connections");
    }

    [Fact]
    public async Task A_proxy_that_falls_silent_is_noticed_by_the_idle_timeout()
    {
        int port = FreePort();
        await using WebApplication server = await StartAsync(port);
        using var proxy = new SilencingProxy(port);
        using var client = new HttpClient(new WebSocketsHandler());
        await using ReconnectingWebSocket feed = client.CreateReconnectingWebSocket($"ws://127.0.0.1:{proxy.Port}/", options =>
        {
            options.MinDelay = TimeSpan.FromMilliseconds(5);
            options.IdleTimeout = TimeSpan.FromSeconds(1);
            options.OnConnected((connection, token) => connection.SendAsync("0", token));
        });
        await feed.StartAsync().Soon();
        await feed.Incoming.ReadAsync().Soon();
        proxy.Silence();
        Task consuming = Task.Run(async () =>
        {
            await foreach (FeedItem item in feed.IncomingWithGaps)
            {
                if (item.Gap == GapKind.Lost)
                    return;
            }
        });
        await consuming.Soon();
        Assert.Contains("IdleTimeout", feed.Current.Verdict!.Error!.Message, StringComparison.Ordinal);
    }

    private static int Count(List<int> received)
    {
        lock (received)
            return received.Count;
    }

    private static int Number(Frame frame) => int.Parse(((Frame.Text)frame).ReadText(), CultureInfo.InvariantCulture);

    // A port of the system's choice: a server that restarts has to use the same again.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // Sends numbers, from the one that the client asks for.
    private static async Task<WebApplication> StartAsync(int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Run(async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            byte[] buffer = new byte[64];
            try
            {
                ValueWebSocketReceiveResult asked = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                int next = int.Parse(Encoding.ASCII.GetString(buffer, 0, asked.Count), CultureInfo.InvariantCulture);
                Task<WebSocketReceiveResult> closing = socket.ReceiveAsync(new ArraySegment<byte>(buffer), context.RequestAborted);
                using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
                while (!closing.IsCompleted && await pace.WaitForNextTickAsync(context.RequestAborted))
                {
                    byte[] message = Encoding.ASCII.GetBytes($"{next++}");
                    await socket.SendAsync(message, WebSocketMessageType.Text, true, context.RequestAborted);
                }

                await closing;
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
            }
            catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException or IOException)
            {
                // The client, or the server, went away, which is what these tests do.
            }
        });
        await app.StartAsync();
        return app;
    }

    // Forwards until it is silenced; connections that come later are forwarded again.
    private sealed class SilencingProxy : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly int _target;
        private readonly CancellationTokenSource _silence = new();
        private readonly List<TcpClient> _open = [];

        public SilencingProxy(int target)
        {
            _target = target;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Silence() => _silence.Cancel();

        public void Dispose()
        {
            _listener.Stop();
            lock (_open)
                _open.ForEach(client => client.Dispose());
            _silence.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    TcpClient from = await _listener.AcceptTcpClientAsync();
                    var to = new TcpClient();
                    lock (_open)
                        _open.AddRange([from, to]);
                    await to.ConnectAsync(IPAddress.Loopback, _target);
                    CancellationToken until = _silence.IsCancellationRequested ? CancellationToken.None : _silence.Token;
                    _ = from.GetStream().CopyToAsync(to.GetStream(), until);
                    _ = to.GetStream().CopyToAsync(from.GetStream(), until);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // disposed
            }
        }
    }
}
