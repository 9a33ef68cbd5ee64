namespace Duplex.Tests;

/// <summary>
/// How much stands on the wire before a pong, or a small message, of a session that is flooded with sends: what is being written, what is staged, and the frame in progress; before a
/// message also one frame of each sender that was at the gate before it.
/// </summary>
public sealed class SendBoundsTests
{
    private const int Most = 10_000; // bytes of Channels.Outgoing: small, so that little is enough to fill it

    // A header has at most 14 bytes; beyond its bytes the stage holds the header of the frame in progress, and what is owed.
    private const int Overhead = 1000;

    [Theory]
    [InlineData(1, 10)]
    [InlineData(1, 1000)]
    [InlineData(1, 100_000)] // larger than all the room there is: it is staged piece by piece
    [InlineData(5, 10)]
    [InlineData(5, 3000)]
    [InlineData(5, 100_000)]
    public async Task A_pong_and_a_small_message_are_on_the_wire_within_what_is_written_and_staged_and_the_frames_in_progress(int senders, int size)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(int.MaxValue, Most) },
        });
        test.Peer.BlockWrites();
        using var stop = new CancellationTokenSource();
        var flooding = new int[senders];
        Task[] floods = [.. Enumerable.Range(0, senders).Select(number => Task.Run(() => FloodAsync(number)))];
        await WritesAndStagesAsync(test, size);
        await Patience.Until(() => Enumerable.Range(0, senders).All(number => Volatile.Read(ref flooding[number]) > 0));

        test.Peer.SendFrame(Opcode.Ping, "alive?"u8);
        await Patience.Until(() => test.Peer.IsDrained);
        int before = test.Peer.Received.Length;
        Task small = test.Session.SendAsync("small").AsTask();
        test.Peer.UnblockWrites();

        int pong = await PlaceOfAsync(frame => frame.Opcode == Opcode.Pong);
        int message = await PlaceOfAsync(frame => frame.Opcode == Opcode.Text);
        await small.Soon();
        await stop.CancelAsync();
        await Task.WhenAll(floods).Soon();

        Assert.InRange(pong - before, 1, (2 * Most) + size + Overhead);
        Assert.InRange(message - before, 1, (2 * Most) + (senders * size) + Overhead);

        async Task FloodAsync(int number)
        {
            byte[] data = new byte[size];
            while (!stop.IsCancellationRequested)
            {
                Interlocked.Increment(ref flooding[number]);
                await test.Session.SendAsync(data);
            }
        }

        async Task<int> PlaceOfAsync(Func<WireFrame, bool> isWanted)
        {
            int place = -1;
            await Patience.Until(() => (place = Find(test.Peer.Received, isWanted)) >= 0);
            return place;
        }
    }

    [Fact]
    public async Task A_pong_is_on_the_wire_between_the_fragments_of_a_message_without_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(int.MaxValue, Most) },
        });
        test.Peer.BlockWrites();
        Task streaming = test.Session.SendAsync(new PatternStream(long.MaxValue)).AsTask();
        await WritesAndStagesAsync(test, StreamSender.FragmentSize);

        test.Peer.SendFrame(Opcode.Ping, "alive?"u8);
        await Patience.Until(() => test.Peer.IsDrained);
        int before = test.Peer.Received.Length;
        test.Peer.UnblockWrites();

        int pong = -1;
        await Patience.Until(() => (pong = Find(test.Peer.Received, frame => frame.Opcode == Opcode.Pong)) >= 0);
        Assert.InRange(pong - before, 1, (2 * Most) + StreamSender.FragmentSize + Overhead);
        test.Session.Abort();
        await Assert.ThrowsAnyAsync<WebSocketException>(() => streaming.Soon());
    }

    [Fact]
    public async Task Of_16_senders_each_has_its_turn_before_anyone_has_a_second()
    {
        const int Senders = 16;
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(1, Most) },
        });
        test.Peer.BlockWrites();
        await test.Session.SendAsync(new byte[1]); // is written
        await Patience.Until(() => test.Peer.IsWriteBlocked);
        await test.Session.SendAsync(new byte[1]); // is staged, and fills the queue

        // All are called in order, and each calls again as soon as it can.
        Task[] sending = [.. Enumerable.Range(0, Senders).Select(SendTwiceAsync)];
        Assert.All(sending, task => Assert.False(task.IsCompleted));
        test.Peer.UnblockWrites();
        await Task.WhenAll(sending).Soon();
        await test.Session.FlushAsync().Soon();

        byte[] order = [.. WireFrame.ParseAll(test.Peer.Received).Skip(2).Select(frame => frame.Payload[0])];
        Assert.Equal(Enumerable.Range(0, Senders).Select(number => (byte)number), order[..Senders]);
        Assert.Equal(Enumerable.Range(0, Senders).Select(number => (byte)number), order[Senders..].Order());

        async Task SendTwiceAsync(int number)
        {
            await test.Session.SendAsync(new[] { (byte)number }).ConfigureAwait(false);
            await test.Session.SendAsync(new[] { (byte)number }).ConfigureAwait(false);
        }
    }

    // The first write may be of one frame only. Once the peer has taken it, a batch is being written, and another gathers: frames of 3000 bytes fill nine tenths of each.
    // Whoever sends a larger one than there is room for writes it himself, and stages more when that is done.
    private static async Task WritesAndStagesAsync(SessionUnderTest<DefaultWebSocketSession> test, int size)
    {
        await Patience.Until(() => test.Peer.IsWriteBlocked && (size > Most || test.Session.BufferedBytes >= Most * 9 / 10)); // else the batch could be as small
        test.Peer.UnblockWrites();
        test.Peer.BlockWrites();
        await Patience.Until(() =>
        {
            if (!test.Peer.IsWriteBlocked)
                return false;
            if (test.Session.BufferedBytes >= (size < Most ? Most * 3 / 2 : Most))
                return true;
            test.Peer.UnblockWrites(); // several batches went out meanwhile, and the last was small
            test.Peer.BlockWrites();
            return false;
        });
    }

    // Where on the wire the first such frame ends; -1 if it has not come.
    private static int Find(ReadOnlySpan<byte> wire, Func<WireFrame, bool> isWanted)
    {
        int at = 0;
        while (FrameHeader.TryParse(wire[at..], out FrameHeader header) && wire.Length - at >= header.Size + header.PayloadLength)
        {
            int end = at + header.Size + (int)header.PayloadLength;
            if (isWanted(new WireFrame(header.Opcode, header.Fin, [])))
                return end;
            at = end;
        }

        return -1;
    }
}
