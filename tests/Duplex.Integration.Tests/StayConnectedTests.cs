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
    private const int Reloads = 5;

    [Fact]
    public async Task A_feed_survives_a_server_that_is_killed_and_restarted_again_and_again()
    {
        int port = 0; // of the server that runs, or ran last: then nothing listens there
        using var client = new HttpClient(new WebSocketsHandler(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(IPAddress.Loopback, Volatile.Read(ref port), token);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        }));
        await using var numbers = new Numbers(client, new Uri("ws://server.test/"));
        for (int restart = 0; restart < Restarts; restart++)
        {
            await using WebApplication server = await StartAsync();
            Volatile.Write(ref port, Port(server));
            await numbers.GoOnAsync();
            await server.StopAsync(new CancellationToken(canceled: true)); // aborts its connections
        }

        await numbers.EndAsync();
        Assert.True(numbers.Feed.Current.Epoch >= Restarts, $"{numbers.Feed.Current.Epoch} connections");
    }

    [Fact]
    public async Task A_feed_survives_a_proxy_that_is_reloaded_again_and_again()
    {
        await using WebApplication server = await StartAsync();
        await using Nginx proxy = Nginx.Start(Port(server));
        using var client = new HttpClient(new WebSocketsHandler());
        await using var numbers = new Numbers(client, proxy.Uri);
        await numbers.GoOnAsync();
        for (int reload = 0; reload < Reloads; reload++)
        {
            int epoch = numbers.Feed.Current.Epoch;
            await proxy.ReloadAsync();
            await Patience.Until(() => numbers.Feed.Current.Epoch > epoch);
            await numbers.GoOnAsync();
        }

        await numbers.EndAsync();
    }

    [Fact]
    public async Task A_proxy_that_falls_silent_is_noticed_by_the_idle_timeout()
    {
        await using WebApplication server = await StartAsync();
        using var proxy = new SilencingProxy(Port(server));
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

    private static int Number(Frame frame) => int.Parse(((Frame.Text)frame).ReadText(), CultureInfo.InvariantCulture);

    private static int Port(WebApplication server) => new Uri(server.Urls.First()).Port;

    // Sends numbers, from the one that the client asks for.
    private static async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
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

    // A feed of numbers that asks each connection for the next one, and its consumer.
    private sealed class Numbers : IAsyncDisposable
    {
        private readonly List<int> _received = [];
        private readonly Task _consuming;
        private int _next;

        public Numbers(HttpClient client, Uri url)
        {
            Feed = client.CreateReconnectingWebSocket(url, options =>
            {
                (options.MinDelay, options.MaxDelay) = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(20));
                options.Observe = (frame, _) => _next = 1 + Number(frame);
                options.OnConnected((connection, token) => connection.SendAsync($"{_next}", token));
            });
            Feed.Start();
            _consuming = Task.Run(async () =>
            {
                await foreach (Frame frame in Feed.Incoming.ReadAllAsync())
                {
                    lock (_received)
                        _received.Add(Number(frame));
                }
            });
        }

        public ReconnectingWebSocket Feed { get; }

        /// <summary>Completes when ten more have come.</summary>
        public async Task GoOnAsync()
        {
            int before = Count();
            try
            {
                await Patience.Until(() => Count() > before + 10);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"No more messages came than {Count()}. The feed: {Feed.Current} {Feed.Current.Verdict?.Error}");
            }
        }

        /// <summary>Closes the feed. All numbers have come once, in order.</summary>
        public async Task EndAsync()
        {
            await Feed.CloseAsync().Soon();
            await _consuming.Soon();
            Assert.Equal(Enumerable.Range(0, _received.Count), _received);
        }

        public ValueTask DisposeAsync() => Feed.DisposeAsync();

        private int Count()
        {
            lock (_received)
                return _received.Count;
        }
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
