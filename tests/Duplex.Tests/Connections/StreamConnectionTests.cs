namespace Duplex.Tests;

public sealed class StreamConnectionTests
{
    [Fact]
    public async Task Release_ends_both_halves_and_disposes_the_transport_once()
    {
        var pool = new CountingPool();
        var peer = new ScriptedPeer();
        var owner = new Owner(peer);
        StreamConnection connection = Connect(peer, owner, pool);
        Task<ReceiveEnd> receiving = connection.Receiving.RunAsync(new Nobody());

        Parallel.For(0, 8, _ => connection.Release());

        Assert.IsType<EndOfStreamException>((await receiving.Soon()).Error);
        await connection.Pump.Ended.Soon();
        connection.Receiving.Release();
        Assert.Equal(1, owner.Disposals);
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public async Task A_transport_that_throws_when_it_is_disposed_does_not_hold_up_the_end()
    {
        var peer = new ScriptedPeer();
        StreamConnection connection = Connect(peer, new Owner(peer, new InvalidOperationException()), new CountingPool());

        connection.Release();

        await connection.Pump.Ended.Soon();
        Assert.True(connection.Pump.IsClosed);
    }

    [Fact]
    public void The_frame_limit_can_be_set_at_any_time_and_is_checked()
    {
        using var peer = new ScriptedPeer();
        StreamConnection connection = Connect(peer, peer, new CountingPool());

        connection.MaxFrameSize = 1;

        Assert.Equal(1, connection.MaxFrameSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => connection.MaxFrameSize = 0);
    }

    private static StreamConnection Connect(ScriptedPeer peer, IDisposable owner, CountingPool pool) =>
        new(peer, owner, mergeFragments: true, new ConnectionSettings { Pool = pool }, new CloseState(), _ => { });

    private sealed class Owner(ScriptedPeer peer, Exception? error = null) : IDisposable
    {
        private int _disposals;

        public int Disposals => _disposals;

        public void Dispose()
        {
            Interlocked.Increment(ref _disposals);
            peer.Dispose();
            if (error is not null)
                throw error;
        }
    }

    private sealed class Nobody : IFrameReceiver
    {
        public bool HasRoom => true;

        public bool OnFrame(Frame frame) => true;

        public void OnBatchEnd()
        {
        }

        public Task WaitForRoomAsync() => Task.CompletedTask;
    }
}
