namespace Duplex.Tests;

/// <summary>Who waits for frames is run on the receive loop's own thread. Whatever it does there, the loop goes on: with pings, pongs and closes, and for everybody else.</summary>
public sealed class BlockedConsumerTests
{
    [Fact]
    public async Task A_consumer_that_blocks_its_thread_stops_neither_pongs_nor_the_closing_handshake()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var gate = new ManualResetEventSlim();
        Task consuming = BlockAfterFirstAsync(test.Session, gate);
        test.Peer.SendHex("81 01 61");

        test.Peer.SendFrame(Opcode.Ping, "alive?"u8);
        Assert.Equal("Pong(616C6976653F)", await test.SentAsync());
        test.Peer.SendClose(CloseReason.Normal);
        Assert.Equal(CloseReason.Normal, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason());
        test.Peer.SendEof();
        await test.Session.Completion.Soon();

        Assert.False(consuming.IsCompleted);
        gate.Set();
        await consuming.Soon();
    }

    [Fact]
    public async Task A_consumer_that_waits_for_a_pong_without_leaving_its_thread_gets_it()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task consuming = Task.Run(async () =>
        {
            await test.Session.Incoming.WaitToReadAsync().ConfigureAwait(false);
            test.Session.PingAsync().Soon().GetAwaiter().GetResult();
        });
        test.Peer.SendHex("81 01 61");

        Frame ping = await test.Peer.ReceiveAsync();
        test.Peer.SendFrame(Opcode.Pong, ping.Data.Span);

        await consuming.Soon();
    }

    [Fact]
    public async Task A_consumer_that_blocks_does_not_keep_frames_from_others()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var gate = new ManualResetEventSlim();
        Task consuming = BlockAfterFirstAsync(test.Session, gate);
        test.Peer.SendHex("81 01 61");
        await Patience.Until(() => test.Peer.IsDrained && test.Session.Incoming.Count == 0);

        test.Peer.SendHex("81 01 62");
        Frame other = await test.Session.Incoming.ReadAsync().Soon();
        Assert.Equal([(byte)'b'], other.ReadBytes());
        other.Recycle();

        gate.Set();
        test.Session.Abort();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => consuming).Soon();
    }

    [Fact]
    public async Task What_a_consumer_has_ambient_does_not_flow_into_the_reads_that_it_begins()
    {
        var ambient = new AsyncLocal<string?>();
        var stream = new AmbientStream(ambient);
        await using var session = DefaultWebSocketSession.Over(stream, stream, new SessionSettings { PingInterval = Timeout.InfiniteTimeSpan });
        Task consuming = Task.Run(async () =>
        {
            ambient.Value = "the consumer's";
            await foreach (Frame frame in session.Incoming)
            {
            }
        });

        await stream.Done.Soon();

        Assert.All(stream.Seen, Assert.Null);
        session.Abort();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => consuming).Soon();
    }

    private static async Task BlockAfterFirstAsync(WebSocketSession session, ManualResetEventSlim gate)
    {
        await Task.Yield();
        await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
        {
            gate.Wait(Patience.Limit);
            frame.Recycle();
        }
    }

    // Gives a frame for each read, each time after a wait, and notes what is ambient behind it.
    private sealed class AmbientStream(AsyncLocal<string?> ambient) : Stream
    {
        private const int Reads = 50; // enough for loop and consumer to have begun some each

        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string?> Seen { get; } = [];

        public Task Done => _done.Task;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            if (Seen.Count == Reads)
            {
                _done.TrySetResult();
                return 0;
            }

            Seen.Add(ambient.Value);
            if (buffer.IsEmpty)
                return 0;
            new byte[] { 0x82, 0x01, 0x61 }.CopyTo(buffer);
            return 3;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
