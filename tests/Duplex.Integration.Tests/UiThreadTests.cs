namespace Duplex.Tests;

/// <summary>A UI thread that blocks on a call of ours, as none should: everything but a block of its own goes on without it.</summary>
public sealed class UiThreadTests(KestrelServer kestrel) : IClassFixture<KestrelServer>
{
    private static readonly byte[] Payload = new byte[100_000];

    public static IReadOnlyDictionary<string, Func<DefaultClientWebSocketSession, Task>> Calls { get; } = new Dictionary<string, Func<DefaultClientWebSocketSession, Task>>
    {
        ["send text"] = session => session.SendAsync("a").AsTask(),
        ["send bytes"] = session => session.SendAsync(Payload).AsTask(),
        ["send a frame"] = session => session.SendAsync(new Frame.Text("a")).AsTask(),
        ["send a stream"] = session => session.SendAsync(new MemoryStream(Payload), FrameType.Binary).AsTask(),
        ["write to Outgoing"] = session => session.Outgoing.WriteAsync(new Frame.Text("a")).AsTask(),
        ["wait to write to Outgoing"] = session => session.Outgoing.WaitToWriteAsync().AsTask(),
        ["flush"] = session => session.FlushAsync(),
        ["ping"] = session => session.PingAsync(),
        ["receive what comes later"] = async session =>
        {
            ValueTask<Frame> receiving = session.Incoming.ReadAsync();
            await session.SendAsync(Payload).ConfigureAwait(false);
            await receiving.ConfigureAwait(false);
        },
        ["wait to receive"] = async session =>
        {
            ValueTask<bool> waiting = session.Incoming.WaitToReadAsync();
            await session.SendAsync("a").ConfigureAwait(false);
            await waiting.ConfigureAwait(false);
        },
        ["receive all until the end"] = async session =>
        {
            Task closing = session.CloseAsync();
            await foreach (Frame _ in session.Incoming.ConfigureAwait(false))
            {
            }

            await closing.ConfigureAwait(false);
        },
        ["send a value"] = session => session.SendSerializedAsync(new[] { 1, 2 }).AsTask(),
        ["receive a value"] = async session =>
        {
            await session.SendSerializedAsync(new[] { 1, 2 }).ConfigureAwait(false);
            await session.ReceiveDeserializedAsync<int[]>().ConfigureAwait(false);
        },
        ["close"] = session => session.CloseAsync(),
        ["await its completion"] = async session =>
        {
            await session.CloseAsync().ConfigureAwait(false);
            await session.Completion.ConfigureAwait(false);
        },
        ["dispose"] = session => session.DisposeAsync().AsTask(),
    };

    public static TheoryData<string> Names => new(Calls.Keys);

    [Theory, MemberData(nameof(Names))]
    public async Task A_call_completes_while_the_thread_that_made_it_blocks(string name)
    {
        using HttpClient client = Create();
        using var thread = new UiThread();

        int posts = await thread.RunAsync(() =>
        {
            int before = thread.Posts;
            using Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(new Uri(kestrel["ws"], "echo"));
            Block(opening);
            Block(Calls[name](opening.Result));
            Block(opening.Result.DisposeAsync().AsTask());
            return thread.Posts - before;
        }).Soon();

        Assert.Equal(0, posts);
    }

    [Fact]
    public async Task A_message_is_read_from_its_stream_while_the_thread_blocks()
    {
        using HttpClient client = Create();
        using var thread = new UiThread();

        int read = await thread.RunAsync(() =>
        {
            using Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(new Uri(kestrel["ws"], "echo"), request => request.ReceiveMode = ReceiveMode.Streams);
            Block(opening);
            Block(opening.Result.SendAsync(Payload).AsTask());
            Task<WebSocketMessageStream?> receiving = opening.Result.ReceiveStreamAsync().AsTask();
            Block(receiving);
            using var copy = new MemoryStream();
            Block(receiving.Result!.CopyToAsync(copy));
            Block(receiving.Result.DisposeAsync().AsTask());
            Block(opening.Result.DisposeAsync().AsTask());
            return (int)copy.Length;
        }).Soon();

        Assert.Equal(Payload.Length, read);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_handshake_that_fails_or_is_cancelled_does_not_need_the_thread_even_with_a_block(bool isRefused)
    {
        using HttpClient client = Create();
        using var thread = new UiThread();
        using var source = new CancellationTokenSource();
        using var silent = new RawServer();

        Task<Exception> blocking = thread.RunAsync(() =>
        {
            Task call = client.WebSocketAsync(isRefused ? new Uri(kestrel["ws"], "plain") : silent.Uri, _ => Task.CompletedTask, cancellationToken: source.Token);
            return Assert.Throws<AggregateException>(() => Block(call)).InnerException!;
        });
        if (!isRefused)
        {
            using RawPeer peer = await silent.AcceptAsync();
            await source.CancelAsync();
            Assert.IsAssignableFrom<OperationCanceledException>(await blocking.Soon());
            return;
        }

        Assert.Equal(HandshakeCheck.Status, Assert.IsType<WebSocketHandshakeException>(await blocking.Soon()).Check);
    }

    [Fact]
    public async Task A_blocks_close_does_not_need_the_thread_again()
    {
        using HttpClient client = Create();
        using var thread = new UiThread();

        // One post for our own code, one for the block.
        await (await thread.RunAsync(() => client.WebSocketAsync(new Uri(kestrel["ws"], "echo"), async session =>
        {
            await session.SendAsync("a").ConfigureAwait(false);
            await session.Incoming.ReadAsync().ConfigureAwait(false);
        })).Soon()).Soon();

        Assert.Equal(2, thread.Posts);
    }

    private static HttpClient Create() => Clients.Create(ws => ws.ContentConverter = new JsonContentConverter());

    private static void Block(Task task)
    {
        if (!task.Wait(Patience.Limit))
            throw new TimeoutException("The call waits for the thread that waits for it.");
    }
}
