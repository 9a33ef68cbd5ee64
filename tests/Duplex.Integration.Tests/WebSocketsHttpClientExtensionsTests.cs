using System.Net;

namespace Duplex.Tests;

public sealed class WebSocketsHttpClientExtensionsTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    [Fact]
    public async Task A_block_that_returns_closes_with_1000_and_gives_its_value()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task<int> running = client.WebSocketAsync(server.Uri, _ => Task.FromResult(42));
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();

        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason());
        await peer.WriteHexAsync("88 02 03e8");
        await peer.EndAsync();
        Assert.Equal(42, await running.Soon());
    }

    [Fact]
    public async Task A_block_runs_in_its_callers_context()
    {
        using HttpClient client = Clients.Create();
        using var own = new UiThread();
        var seen = new TaskCompletionSource<SynchronizationContext?>(TaskCreationOptions.RunContinuationsAsynchronously);

        own.Post(
            async _ =>
            {
                try
                {
                    seen.SetResult(await client.WebSocketAsync(new Uri(kestrel["ws"], "echo"), _ => Task.FromResult(SynchronizationContext.Current)));
                }
                catch (Exception e)
                {
                    seen.SetException(e);
                }
            },
            null);

        Assert.Same(own, await seen.Task.Soon());
    }

    [Fact]
    public async Task The_block_alone_needs_its_callers_context()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        using var own = new UiThread();
        using var release = new ManualResetEventSlim();
        bool hasBegun = false;

        Task<Task<int>> calling = own.RunAsync(() =>
        {
            Task<int> call = client.WebSocketAsync(server.Uri, async session =>
            {
                hasBegun = true;
                return await Task.FromResult(42).ConfigureAwait(false);
            });
            release.Wait(Patience.Limit); // as a UI thread does that is busy
            return call;
        });
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        await peer.WriteHexAsync("89 00");
        Assert.IsType<Frame.Pong>(await peer.ReceiveAsync()); // the session lives
        Assert.False(hasBegun);
        release.Set();

        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason());
        await peer.WriteHexAsync("88 02 03e8");
        await peer.EndAsync();
        Assert.Equal(42, await (await calling.Soon()).Soon());
    }

    [Fact]
    public async Task A_blocks_value_survives_a_connection_that_breaks_while_closing()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task<int> running = client.WebSocketAsync(server.Uri, _ => Task.FromResult(42));
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        Assert.IsType<Frame.Close>(await peer.ReceiveAsync());
        peer.Reset();

        Assert.Equal(42, await running.Soon());
    }

    [Fact]
    [KtorParity("untested/a-block-that-throws", "weakness/11-a-send-after-the-end-is-a-cancellation")]
    public async Task A_block_that_throws_closes_with_1011_without_text_and_its_exception_is_rethrown()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        DefaultClientWebSocketSession? session = null;

        Task running = client.WebSocketAsync(server.Uri, opened =>
        {
            session = opened;
            return Task.FromException(new InvalidDataException("secret"));
        });
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();

        Assert.Equal(new CloseReason(CloseCode.InternalError), Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason());
        await peer.WriteHexAsync("88 02 03f3");
        await peer.EndAsync();
        Assert.Equal("secret", (await Assert.ThrowsAsync<InvalidDataException>(() => running.Soon())).Message);
        CloseResult end = await session!.Completion;
        Assert.IsType<InvalidDataException>(end.Error);
        Assert.Equal(CloseInitiator.Local, end.Initiator);
    }

    [Fact]
    public async Task The_token_closes_with_1001_while_the_block_runs_and_the_call_waits_for_the_block()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        using var source = new CancellationTokenSource();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        Task<int> running = client.WebSocketAsync(server.Uri, async session =>
        {
            entered.SetResult();
            Assert.False(await session.Incoming.WaitToReadAsync());
            await release.Task;
            return 42;
        }, cancellationToken: source.Token);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        await entered.Task.Soon();
        await source.CancelAsync();

        Assert.Equal(CloseCode.GoingAway, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason()!.Code);
        await peer.WriteHexAsync("88 02 03e9");
        await peer.EndAsync();
        Assert.False(running.IsCompleted);
        release.SetResult();
        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.Soon());
        Assert.Equal(source.Token, error.CancellationToken);
    }

    [Fact]
    public async Task A_block_that_hears_of_the_token_first_and_throws_still_closes_with_1001()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        using var source = new CancellationTokenSource();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        Task running = client.WebSocketAsync(server.Uri, async _ =>
        {
            // Registered after the call's own, and so called before it; its continuation runs there and then.
            var heard = new TaskCompletionSource();
            using CancellationTokenRegistration registration = source.Token.Register(() => heard.SetCanceled(source.Token));
            entered.SetResult();
            await heard.Task;
        }, cancellationToken: source.Token);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        await entered.Task.Soon();
        Task cancelling = source.CancelAsync();

        Assert.Equal(new CloseReason(CloseCode.GoingAway), Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason());
        await peer.WriteHexAsync("88 02 03e9");
        await peer.EndAsync();
        Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.Soon())).CancellationToken);
        await cancelling.Soon();
    }

    [Fact]
    public async Task A_token_that_fires_while_a_failed_block_is_being_closed_does_not_replace_its_exception()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();
        using var source = new CancellationTokenSource();

        Task running = client.WebSocketAsync(server.Uri, _ => Task.FromException(new InvalidDataException()), cancellationToken: source.Token);
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        Assert.Equal(CloseCode.InternalError, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason()!.Code);
        await source.CancelAsync();
        await peer.WriteHexAsync("88 02 03f3");
        await peer.EndAsync();

        await Assert.ThrowsAsync<InvalidDataException>(() => running.Soon());
    }

    [Fact]
    [KtorParity("test-opening/WebSocketTest.testWebsocketWithDefaultRequest")]
    public async Task A_block_may_take_its_url_from_the_request_or_from_the_base_address()
    {
        using HttpClient client = Clients.Create();
        client.BaseAddress = new UriBuilder(kestrel["ws"]) { Scheme = "http" }.Uri;

        await client.WebSocketAsync(request => request.Uri = new Uri("echo", UriKind.Relative), Talk).Soon();
        await client.WebSocketAsync("/echo", Talk).Soon();

        static async Task Talk(DefaultClientWebSocketSession session)
        {
            Assert.Equal("ws", session.Call.Request.Uri.Scheme);
            await session.SendAsync("a");
            Assert.Equal("a", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync()).ReadText());
        }
    }

    [Fact]
    public async Task A_raw_session_gives_every_frame_as_it_came_and_answers_none()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        Task<List<Frame>> running = client.WebSocketRawSessionAsync(server.Uri).ContinueWith(async opening =>
        {
            await using ClientWebSocketSession session = await opening;
            Assert.Equal(HttpStatusCode.SwitchingProtocols, session.Call.Response!.StatusCode);
            var frames = new List<Frame>();
            await foreach (Frame frame in session.Incoming)
                frames.Add(frame);
            return frames;
        }, TaskScheduler.Default).Unwrap();
        using RawPeer peer = await server.AcceptAsync();
        await peer.UpgradeAsync();
        await peer.WriteHexAsync("01 01 61  89 01 70  80 01 62  88 02 03e8");

        // Nothing is echoed by itself; the disposal answers.
        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(await peer.ReceiveAsync()).ReadReason());
        await peer.EndAsync();
        List<Frame> frames = await running.Soon();
        Assert.Equal([FrameType.Text, FrameType.Ping, FrameType.Text, FrameType.Close], frames.Select(frame => frame.Type));
        Assert.Equal([false, true, true, true], frames.Select(frame => frame.Fin));
    }

    [Fact]
    public async Task A_missing_block_is_refused_before_anything_is_opened()
    {
        using var server = new RawServer();
        using HttpClient client = Clients.Create();

        await Assert.ThrowsAsync<ArgumentNullException>("block", () => client.WebSocketAsync(server.Uri, (Func<DefaultClientWebSocketSession, Task>)null!));
        await Assert.ThrowsAsync<ArgumentNullException>("url", () => client.WebSocketSessionAsync((string)null!));
        await Assert.ThrowsAsync<ArgumentNullException>("url", () => client.WebSocketSessionAsync((Uri)null!));
        await Assert.ThrowsAsync<ArgumentNullException>("configure", () => client.WebSocketSessionAsync((Action<WebSocketRequest>)null!));
        await Assert.ThrowsAsync<ArgumentNullException>("client", () => ((HttpClient)null!).WebSocketSessionAsync(server.Uri));
        Assert.False(server.IsAsked);
    }
}
