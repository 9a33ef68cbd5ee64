using System.Diagnostics;
using System.Reflection;

namespace Duplex.Tests;

/// <summary>What a message allocates once a session runs. It measures what the whole process allocates, so no other test may run beside it.</summary>
[CollectionDefinition(nameof(SteadyStateAllocationTests), DisableParallelization = true)]
[Collection(nameof(SteadyStateAllocationTests))]
public sealed class SteadyStateAllocationTests
{
    private const int Messages = 200_000;

    // What an async call may allocate that need not wait: nothing, but in a build for debugging its state is an object.
    private static readonly long StateMachine = typeof(WebSocketSession).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true } ? 256 : 0;

    // Frames of 32 bytes, as a server sends them.
    private static readonly byte[] Frames = [.. Enumerable.Range(0, 1024).SelectMany(_ => (byte[])[0x82, 32, .. new byte[32]])];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lone_send_allocates_nothing(bool isMeasured)
    {
        var stream = new FrameSource();
        using IDisposable owner = stream;
        using var probe = new MeterProbe(listens: isMeasured, notes: false);
        DefaultWebSocketSession session = DefaultWebSocketSession.Over(
            stream, stream, new SessionSettings
            {
                PingInterval = Timeout.InfiniteTimeSpan,
                Connection = new ConnectionSettings { Time = new SlowClock() },
                Telemetry = new() { Instruments = probe.Instruments, Target = new Uri("ws://host.test/") },
            });
        byte[] message = new byte[32];
        Send(1000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Send(Messages);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Messages * StateMachine);
        session.Abort();

        void Send(int count)
        {
            for (int i = 0; i < count; i++)
            {
                if (!session.SendAsync(message).IsCompletedSuccessfully)
                    throw new InvalidOperationException("It had to wait.");
            }
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1024)]
    public async Task A_send_of_many_allocates_next_to_nothing(int size)
    {
        var stream = new FrameSource();
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Client, ws => ws.PingInterval = Timeout.InfiniteTimeSpan);
        byte[] message = new byte[size];
        await SendAsync(Messages);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await SendAsync(Messages);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        // Nothing for a message. A sender that has filled the queue, of 256 KiB or 4,096 frames, waits for the next write, which costs some hundred bytes to a few thousand: 1 to 2 bytes a message
        // were seen at 16 bytes, on a busy machine.
        long queues = Messages * (size + 8L) / ChannelConfig.DefaultOutgoing.MaxBytes;
        Assert.InRange(allocated, 0, (Messages * (StateMachine + 8)) + (queues * 4096));
        session.Abort();

        async Task SendAsync(int count)
        {
            for (int i = 0; i < count; i++)
                await session.SendAsync(message);
            await session.FlushAsync();
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_small_message_that_is_recycled_allocates_no_more_than_its_frame(bool drains, bool isMeasured)
    {
        var stream = new FrameSource();
        using var probe = new MeterProbe(listens: isMeasured, notes: false);
        _ = probe.Instruments;
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Client, ws =>
        {
            ws.PingInterval = Timeout.InfiniteTimeSpan;
            ws.MeterFactory = probe;
        });
        stream.Begin();
        int received = 0;
        IAsyncEnumerator<Frame> frames = session.Incoming.GetAsyncEnumerator();
        await ReceiveAsync(Messages);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await ReceiveAsync(Messages);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.InRange((double)allocated / received, 1, 64);
        session.Abort();

        async Task ReceiveAsync(int count)
        {
            for (received = 0; received < count;)
            {
                if (!drains)
                {
                    await frames.MoveNextAsync().ConfigureAwait(false);
                    Take(frames.Current);
                    continue;
                }

                await session.Incoming.WaitToReadAsync().ConfigureAwait(false);
                while (session.Incoming.TryRead(out Frame? frame))
                    Take(frame);
            }
        }

        void Take(Frame frame)
        {
            if (frame.Data.Length != 32) // an assertion would allocate
                throw new InvalidOperationException("It is not what was sent.");
            frame.Recycle();
            received++;
        }
    }

    [Theory]
    [InlineData("8220" + "3030303030303030303030303030303030303030303030303030303030303030")]
    [InlineData("0103616263 8903707070 8003646566")] // fragments with a ping between
    public async Task A_message_that_is_read_as_a_view_allocates_nothing(string frames)
    {
        byte[] unit = Convert.FromHexString(frames.Replace(" ", "", StringComparison.Ordinal));
        var stream = new FrameSource([.. Enumerable.Repeat(unit, 1000).SelectMany(bytes => bytes)]);
        await using DefaultWebSocketSession session = WebSocketSessions.Create(
            stream, WebSocketRole.Client, ws => ws.PingInterval = Timeout.InfiniteTimeSpan, ReceiveMode.Direct);
        stream.Begin();
        await ReadAsync();

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await ReadAsync();
        double allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        // A read in a build for debugging, and the pongs' writes, cost something once a batch.
        Assert.InRange(allocated / Messages, 0, 2 + (StateMachine / 64));
        session.Abort();

        async Task ReadAsync()
        {
            for (int received = 0; received < Messages;)
            {
                await session.Messages.WaitToReadAsync().ConfigureAwait(false);
                while (session.Messages.TryRead(out _))
                    received++;
            }
        }
    }

    [Theory]
    [InlineData("8900")] // pings
    [InlineData("890401020304")] // with a payload
    [InlineData("8A0101")] // pongs
    [InlineData("0101E2 000182 8001AC")] // fragments that cut a character
    [InlineData("0100 0000 0000 8000")] // empty ones
    public async Task A_frame_of_any_kind_allocates_at_most_four_times_what_an_empty_message_does(string frames)
    {
        double cheapest = await AllocatedForEachAsync(Convert.FromHexString("8200"), frames: 1);
        double cost = await AllocatedForEachAsync(Convert.FromHexString(frames.Replace(" ", "", StringComparison.Ordinal)), frames.Split(' ').Length);

        Assert.InRange(cost, 0, 4 * cheapest);
    }

    // What a session allocates for a frame, while it reads nothing else and its user takes what there is.
    private static async Task<double> AllocatedForEachAsync(byte[] unit, int frames)
    {
        byte[] wire = [.. Enumerable.Repeat(unit, 1000).SelectMany(bytes => bytes)];
        var stream = new FrameSource(wire);
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Client, ws => ws.PingInterval = Timeout.InfiniteTimeSpan);
        Task taking = TakeAsync();
        stream.Begin();
        long warm = stream.Given;
        await Patience.Until(() => stream.Given > warm + (20_000L * unit.Length));

        long given = stream.Given, before = GC.GetTotalAllocatedBytes(precise: true);
        await Patience.Until(() => stream.Given > given + (100_000L * unit.Length));
        double allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        double received = (stream.Given - given) / unit.Length * frames;
        session.Abort();
        await taking;
        return allocated / received;

        async Task TakeAsync()
        {
            try
            {
                await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
                    frame.Recycle();
            }
            catch (WebSocketClosedException) // aborted
            {
            }
        }
    }

    // Once begun, frames without end, as fast as they are read; takes whatever is written.
    private sealed class FrameSource(byte[]? wire = null) : BareStream
    {
        private readonly byte[] _wire = wire ?? Frames;
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _offset; // only touched by the read in progress
        private long _given; // raised by the read in progress
        private volatile bool _isEnded;

        public long Given => Volatile.Read(ref _given);

        public void Begin() => _begun.TrySetResult();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_begun.Task.IsCompleted)
                return WaitAsync(buffer);
            if (_isEnded)
                return new ValueTask<int>(0);
            int count = Math.Min(buffer.Length, _wire.Length - _offset);
            _wire.AsSpan(_offset, count).CopyTo(buffer.Span);
            _offset = (_offset + count) % _wire.Length;
            Volatile.Write(ref _given, _given + count);
            return new ValueTask<int>(count);
        }

        protected override void Dispose(bool disposing)
        {
            _isEnded = true;
            Begin();
            base.Dispose(disposing);
        }

        private async ValueTask<int> WaitAsync(Memory<byte> buffer)
        {
            await _begun.Task.ConfigureAwait(false);
            return await ReadAsync(buffer).ConfigureAwait(false);
        }
    }

    // Each time it is asked a second has passed: so every send comes after a quiet moment.
    private sealed class SlowClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Interlocked.Add(ref _now, 1000);
    }
}
