using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;

namespace Duplex.Tests;

/// <summary>IHttpClientFactory replaces its handlers after their lifetime, and disposes the old ones when nobody holds their client any more.</summary>
public sealed class FactoryRotationTests
{
    // At the same time, because the factory takes its time.
    [Fact]
    [KtorParity("options/install-WebSockets")]
    public Task An_open_session_outlives_the_rotation_of_a_factorys_handlers() => Task.WhenAll(OutlivesAsync(tls: false), OutlivesAsync(tls: true));

    private static async Task OutlivesAsync(bool tls)
    {
        using var server = new RawServer(tls);
        var counters = new List<Counter>();

        // A ping on the wire would depend on how long the factory takes.
        var options = new WebSocketsOptions { PingInterval = Timeout.InfiniteTimeSpan };
        var services = new ServiceCollection();
        services.AddHttpClient("feed")
            .AddHttpMessageHandler(() =>
            {
                var counter = new Counter();
                lock (counters)
                    counters.Add(counter);
                return counter;
            })
            .AddHttpMessageHandler(() => new WebSocketsHandler(options)) // one object for all handlers
            .ConfigurePrimaryHttpMessageHandler(LoopbackCertificate.CreateHandler)
            .SetHandlerLifetime(TimeSpan.FromSeconds(1)); // the shortest that it takes
        await using ServiceProvider provider = services.BuildServiceProvider();
        var factory = provider.GetRequiredService<IHttpClientFactory>();

        (DefaultClientWebSocketSession old, RawPeer oldPeer) = await OpenAsync(factory, server);
        Counter first = Assert.Single(counters);
        await Patience.Until(() => IsRotated(factory, counters)); // its lifetime is over

        // Nobody holds the first client: the factory finds that out within the ten seconds of its cleanup, and disposes the handlers.
        await Patience.Until(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return first.Disposed.IsCompleted;
        });
        Assert.Equal(1, first.Disposals);

        await TalkAsync(old, oldPeer);
        (DefaultClientWebSocketSession fresh, RawPeer freshPeer) = await OpenAsync(factory, server);
        await TalkAsync(fresh, freshPeer);
        await TalkAsync(old, oldPeer);
        Assert.Equal(1, first.Sent); // the new session went through another
        foreach ((DefaultClientWebSocketSession session, RawPeer peer) in ((DefaultClientWebSocketSession, RawPeer)[])[(old, oldPeer), (fresh, freshPeer)])
        {
            Task<CloseResult> closing = session.CloseAsync();
            Assert.IsType<Frame.Close>(await peer.ReceiveAsync());
            await peer.WriteHexAsync("88 02 03e8");
            Assert.True((await closing.Soon()).WasClean);
            await peer.EndAsync();
            await session.DisposeAsync().Soon();
            peer.Dispose();
        }
    }

    // Not inlined, and not in the test itself, whose frame would keep the clients alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsRotated(IHttpClientFactory factory, List<Counter> counters)
    {
        factory.CreateClient("feed").Dispose();
        lock (counters)
            return counters.Count > 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<(DefaultClientWebSocketSession, RawPeer)> OpenAsync(IHttpClientFactory factory, RawServer server)
    {
        Task<DefaultClientWebSocketSession> opening = factory.CreateClient("feed").WebSocketSessionAsync(server.Uri);
        RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        return (await opening.Soon(), peer);
    }

    private static async Task TalkAsync(DefaultClientWebSocketSession session, RawPeer peer)
    {
        await session.SendAsync("still here");
        Assert.Equal("still here", Assert.IsType<Frame.Text>(await peer.ReceiveAsync()).ReadText());
        await peer.WriteHexAsync("81 01 61");
        Assert.Equal("a", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
    }

    // Above the plugin, and disposed with it.
    private sealed class Counter : DelegatingHandler
    {
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _disposals;
        private int _sent;

        public Task Disposed => _disposed.Task;

        public int Disposals => Volatile.Read(ref _disposals);

        public int Sent => Volatile.Read(ref _sent);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _sent);
            return base.SendAsync(request, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (!disposing)
                return;
            Interlocked.Increment(ref _disposals);
            _disposed.TrySetResult();
        }
    }
}
