namespace Duplex.Tests;

/// <summary>A feed that connects again and again does not grow: no memory, timer or task of a connection stays behind.</summary>
[Collection(Alone.Name)]
public sealed class GrowthTests
{
    private const int WarmUp = 1_000;

    // Pools of buffers may grow a little. The long run shows two bytes for each connection.
    private const long Most = 2_000_000;

    // DUPLEX_RECONNECTS=1000000 is the long run.
    private static readonly int Reconnects = int.Parse(Environment.GetEnvironmentVariable("DUPLEX_RECONNECTS") ?? "10000", null);

    [Fact]
    public async Task Connections_that_were_lost_leave_nothing_behind()
    {
        var time = new TestClock();
        var server = new Server();
        using var client = new HttpClient(new WebSocketsHandler(server, ws => ws.TimeProvider = time)) { Timeout = Timeout.InfiniteTimeSpan };
        int received = 0;
        List<WeakReference> sessions = [];
        ReconnectingWebSocket feed = client.CreateReconnectingWebSocket("ws://server.test/", options =>
        {
            (options.TimeProvider, options.Random) = (time, () => 0.5);
            (options.IdleTimeout, options.MaxConnectionAge) = (TimeSpan.FromMinutes(1), TimeSpan.FromHours(1));
            options.Observe = (_, _) => received++;
            options.OnUnconfirmed = (_, _) => default;
            options.OnConnected((connection, token) =>
            {
                if (connection.Epoch > WarmUp && sessions.Count < 1_000)
                    sessions.Add(new WeakReference(connection.Session));
                return connection.SendAsync("subscribe", token);
            });
        });
        Task consuming = Task.Run(async () =>
        {
            await foreach (Frame frame in feed.Incoming.ReadAllAsync())
                frame.Recycle();
        });
        feed.Start();
        long before = 0;
        await foreach (ConnectionChange change in feed.Changes)
        {
            if (change is { Phase: ConnectionPhase.Waiting, Delay: { } delay })
            {
                // Of the lost connection no timer runs any more.
                await Patience.Until(() => time.ArmedTimers == 1 && time.IsArmed(delay));
                if (change.Epoch % 2 == 0)
                    feed.RetryNow();
                else
                    time.Advance(delay);
            }
            else if (change.Phase == ConnectionPhase.Ready)
            {
                if (change.Epoch == WarmUp)
                    before = GC.GetTotalMemory(forceFullCollection: true);
                if (change.Epoch == WarmUp + Reconnects)
                    break;
                server.Drop();
            }
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < Most, $"{grown:N0} bytes more after {Reconnects:N0} connections.");
        Assert.Equal(0, sessions.Count(session => session.IsAlive));
        server.Drop();
        await feed.DisposeAsync();
        await consuming.Soon();
        Assert.True(received >= WarmUp + Reconnects - 1, $"{received:N0} messages");
        await Patience.Until(() => time.LiveTimers == 0);
    }

    // Refuses each third attempt, and accepts the others.
    private sealed class Server : HttpMessageHandler
    {
        private int _attempts;
        private Link? _link;

        /// <summary>Sends a message on the connection, and drops it.</summary>
        public void Drop() => _link!.Drop();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (++_attempts % 3 == 0)
                throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
            _link = new Link();
            return Task.FromResult(FakePrimaryHandler.Upgrade(request, _link));
        }
    }

    private sealed class Link : BareStream
    {
        private readonly TaskCompletionSource _dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ReadOnlyMemory<byte> _rest = (byte[])[0x81, 1, (byte)'x']; // a text message

        public void Drop() => _dropped.TrySetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _dropped.Task.WaitAsync(cancellationToken);
            int count = Math.Min(buffer.Length, _rest.Length);
            _rest[..count].CopyTo(buffer);
            _rest = _rest[count..];
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            Drop();
            base.Dispose(disposing);
        }
    }
}
