namespace Duplex.Tests;

/// <summary>What a block or a hook gets: it receives until it is revoked.</summary>
public sealed class ConnectedSessionTests
{
    [Fact]
    public async Task It_sends_and_receives_and_ends_normally_after_a_normal_close()
    {
        await using var scene = new Scene();
        (ConnectedSession connected, DefaultWebSocketSession server) = await OpenAsync(scene);
        await connected.SendAsync("a");
        await connected.SendAsync(new byte[] { 1 });
        await connected.SendAsync(new Frame.Text("b"));
        Assert.Equal("a", ((Frame.Text)await server.Incoming.ReadAsync().Soon()).ReadText());
        Assert.Equal([1], (await server.Incoming.ReadAsync().Soon()).ReadBytes());
        Assert.Equal("b", ((Frame.Text)await server.Incoming.ReadAsync().Soon()).ReadText());
        await server.SendAsync("c");
        await server.SendAsync("d");
        Assert.Equal("c", ((Frame.Text)(await connected.ReceiveAsync().Soon())!).ReadText());
        await server.CloseAsync(CloseReason.Normal).Soon();
        List<string> got = [];
        await foreach (Frame frame in connected.Incoming)
            got.Add(((Frame.Text)frame).ReadText());
        Assert.Equal(["d"], got);
        Assert.Null(await connected.ReceiveAsync().Soon());
    }

    [Fact]
    public async Task A_receive_of_a_lost_session_throws()
    {
        await using var scene = new Scene();
        (ConnectedSession connected, DefaultWebSocketSession server) = await OpenAsync(scene);
        Task<Frame?> receiving = connected.ReceiveAsync().AsTask();
        server.Abort();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => receiving.Soon());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_it_was_revoked_a_receive_throws_and_takes_nothing(bool hasToken)
    {
        await using var scene = new Scene();
        (ConnectedSession connected, DefaultWebSocketSession server) = await OpenAsync(scene);
        using var cancel = new CancellationTokenSource();
        CancellationToken token = hasToken ? cancel.Token : default;
        Task<Frame?> receiving = connected.ReceiveAsync(token).AsTask();
        connected.Revoke();
        await Assert.ThrowsAsync<InvalidOperationException>(() => receiving.Soon());
        await server.SendAsync("x");
        await Patience.Until(() => connected.Session.Incoming.Count == 1);
        await Assert.ThrowsAsync<InvalidOperationException>(() => connected.ReceiveAsync(token).Soon());
        Assert.True(connected.Session.Incoming.TryRead(out _));
    }

    [Fact]
    public async Task A_token_ends_a_receive_and_loses_nothing()
    {
        await using var scene = new Scene();
        (ConnectedSession connected, DefaultWebSocketSession server) = await OpenAsync(scene);
        using var cancel = new CancellationTokenSource();
        Task<Frame?> receiving = connected.ReceiveAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.Soon());
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        await server.SendAsync("x");
        Assert.Equal("x", ((Frame.Text)(await connected.ReceiveAsync().Soon())!).ReadText());
    }

    [Fact]
    public async Task Done_is_for_blocks_and_refused_in_hooks()
    {
        await using var scene = new Scene();
        (Connection connection, _) = await scene.OpenAsync(epoch: 4);
        DisconnectVerdict previous = Ended.Failed();
        var connected = new ConnectedSession(connection.Session, 4, previous, isBlock: true);
        Assert.Equal((4, previous, false), (connected.Epoch, connected.Previous, connected.IsDone));
        Assert.Same(connection.Session, connected.Session);
        connected.Done();
        Assert.True(connected.IsDone);
        Assert.Throws<InvalidOperationException>(new ConnectedSession(connection.Session, 4, previous, isBlock: false).Done);
    }

    [Fact]
    public async Task However_a_receive_meets_the_revocation_no_message_is_lost_or_taken_late()
    {
        await using var scene = new Scene();
        for (int round = 0; round < 50; round++)
        {
            const int Messages = 20;
            (ConnectedSession connected, DefaultWebSocketSession server) = await OpenAsync(scene);
            int taken = 0;
            Task receiving = Task.Run(async () =>
            {
                try
                {
                    while (await connected.ReceiveAsync() is not null)
                        Interlocked.Increment(ref taken);
                }
                catch (InvalidOperationException)
                {
                }
            });
            for (int number = 0; number < Messages; number++)
                await server.SendAsync("x");
            await Patience.Until(() => Volatile.Read(ref taken) > round % Messages);
            connected.Revoke();
            await server.CloseAsync(CloseReason.Normal).Soon();
            await receiving.Soon();
            int rest = 0;
            await foreach (Frame ignored in connected.Session.Incoming.ReadAllAsync())
                rest++;
            Assert.Equal(Messages, taken + rest);
        }
    }

    private static async Task<(ConnectedSession Connected, DefaultWebSocketSession Server)> OpenAsync(Scene scene)
    {
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        return (new ConnectedSession(connection.Session, 1, null, isBlock: false), server);
    }
}
