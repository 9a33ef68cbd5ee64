namespace Duplex.Tests;

/// <summary>Peers that break the rules of good behaviour, over real connections: bounded time, bounded memory, and nothing left behind.</summary>
public sealed class HostilePeerOverHttpTests
{
    // What a session may hold for a peer that gives it no data: its read buffer and what it stages, a few times over.
    private const long Little = 1 << 20;

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_flood_of_pings_from_a_peer_that_does_not_read_costs_little_memory_and_holds_up_nothing(Transport transport)
    {
        await using SessionOverHttp<DefaultClientWebSocketSession> test = await SessionOverHttp.DefaultAsync(transport);
        byte[] pings = [.. Enumerable.Repeat((byte[])[0x89, 125, .. new byte[125]], 1000).SelectMany(ping => ping)];

        // 38 MB of pings: their pongs would be more than the sockets' buffers take.
        for (int i = 0; i < 300; i++)
            await test.Peer.WriteAsync(pings);
        await test.Peer.WriteHexAsync("81 01 61");

        Assert.Equal("a", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        Assert.InRange(test.Pool.PeakBytes, 1, Little);
        Assert.InRange(test.Session.BufferedBytes, 0, Little);
        Task<CloseResult> closing = test.Session.CloseAsync();
        Frame? frame;
        while ((frame = await test.Peer.ReceiveAsync()) is Frame.Pong)
        {
        }

        Assert.IsType<Frame.Close>(frame);
        await test.Peer.WriteHexAsync("88 02 03e8");
        Assert.True((await closing.Soon()).WasClean);
        await test.Peer.EndAsync();
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_peer_that_never_reads_holds_up_senders_in_bounded_memory_and_ends_with_the_ping_timeout(Transport transport)
    {
        await using SessionOverHttp<DefaultClientWebSocketSession> test = await SessionOverHttp.DefaultAsync(transport, ws =>
        {
            ws.PingInterval = TimeSpan.FromSeconds(20);
            ws.PingTimeout = TimeSpan.FromSeconds(5);
        });

        Task sending = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => test.Session.SendAsync(new byte[16 << 20]).AsTask()));
        await Patience.Until(() =>
        {
            test.Time.Advance(TimeSpan.FromMilliseconds(50));
            return test.Session.State != WebSocketSessionState.Open; // from there on the time stands still, and the end needs none
        });

        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending.Soon());
        CloseResult end = await test.Session.Completion.Soon();
        Assert.IsType<TimeoutException>(end.Error);
        Assert.Equal(CloseInitiator.None, end.Initiator);
        Assert.InRange(test.Pool.PeakBytes, 1, 4 * Little);
        await test.IsReleasedAsync();
        Assert.Equal(0, test.Pool.Rented);
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_peer_that_sends_without_end_is_held_back_while_nobody_receives(Transport transport)
    {
        await using SessionOverHttp<DefaultClientWebSocketSession> test = await SessionOverHttp.DefaultAsync(transport, ws => ws.Channels.Incoming = ChannelConfig.Bounded(100, 1_000_000));

        // Until its write waits for the client, or for good.
        Task flood = test.Peer.WriteForeverAsync("\u0082\u007e\u0027\u0010" + new string('x', 10_000));
        await test.Queued(100);
        Assert.Equal(100, test.Session.Incoming.Count);
        Assert.False(flood.IsCompleted);
        Assert.InRange(test.Pool.PeakBytes, 1, 4 * Little);

        // It never answers our Close, and never stops. The time stands still from the close timeout on: the end needs none.
        Task disposing = test.Session.DisposeAsync().AsTask();
        Task closing = test.Session.CloseAsync();
        await Patience.Until(() =>
        {
            test.Time.Advance(TimeSpan.FromMilliseconds(50));
            return closing.IsCompleted;
        });
        await disposing.Soon();
        await flood.Soon(); // cut off
        CloseResult end = await test.Session.Completion;
        Assert.IsType<TimeoutException>(end.Error);
        Assert.InRange(end.DiscardedMessages, 100, long.MaxValue);
        Assert.InRange(test.Pool.PeakBytes, 1, 4 * Little);
        Assert.Equal(0, test.Pool.Rented);
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_frame_that_declares_much_reserves_no_memory_before_its_bytes_come(Transport transport)
    {
        await using SessionOverHttp<DefaultClientWebSocketSession> test = await SessionOverHttp.DefaultAsync(transport, ws =>
        {
            ws.MaxFrameSize = 1L << 30;
            ws.MaxMessageSize = 1L << 30;
        });

        await test.Peer.WriteHexAsync("82 7f 0000000040000000" + new string('0', 2000)); // 1 GiB, of which 1,000 bytes come
        await test.Peer.EndAsync();

        Assert.IsType<EndOfStreamException>((await test.Session.Completion.Soon()).Error);
        Assert.InRange(test.Pool.PeakBytes, 1, Little);
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_frame_of_2_to_the_62_bytes_is_refused_at_its_header_though_the_peer_goes_on(Transport transport)
    {
        await using SessionOverHttp<DefaultClientWebSocketSession> test = await SessionOverHttp.DefaultAsync(transport);

        await test.Peer.WriteHexAsync("82 7f 4000000000000000");
        Task flood = test.Peer.WriteForeverAsync(new string('x', 10_000));
        Assert.Equal(CloseCode.MessageTooBig, Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
        await test.Time.Pass(SessionLifetime.Tail);

        await flood.Soon(); // cut off
        Assert.IsType<FrameTooBigException>((await test.Session.Completion.Soon()).Error);
        Assert.InRange(test.Pool.PeakBytes, 1, Little);
        Assert.Equal(0, test.Pool.Rented);
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_peer_that_sends_one_byte_a_packet_is_understood_in_either_kind_of_session(Transport transport)
    {
        byte[] wire = Convert.FromHexString("01026869" + "890121" + "80022121" + "827e0080" + new string('0', 256) + "880203e8");
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            await using SessionOverHttp<WebSocketSession> test = await SessionOverHttp.OpenAsync(kind, transport);

            foreach (byte b in wire)
                await test.Peer.WriteAsync(new[] { b });
            await test.Until(WebSocketSessionState.PeerClosing);
            if (kind == SessionKind.Raw)
                await test.Session.SendAsync(new Frame.Close(CloseReason.Normal));
            await test.Peer.EndAsync();

            string zeros = $"Binary({new string('0', 256)})";
            var got = new List<string>();
            await foreach (Frame frame in test.Session.Incoming)
            {
                got.Add(Ending.Describe(frame));
                frame.Recycle();
            }

            Assert.Equal(kind == SessionKind.Raw ? ["hi...", "Ping(21)", "!!", zeros, "Close(1000 NormalClosure)"] : ["hi!!", zeros], got);
            Assert.Equal(kind == SessionKind.Raw ? "Close(1000 NormalClosure)" : "Pong(21), Close(1000 NormalClosure)", await test.Peer.ReceiveAllAsync());
            Assert.True((await test.Session.Completion.Soon()).WasClean);
            Assert.InRange(test.Pool.PeakBytes, 1, Little);
        }
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_reserved_bit_that_nobody_owns_is_refused_at_the_call_and_the_session_goes_on(Transport transport)
    {
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            await using SessionOverHttp<WebSocketSession> test = await SessionOverHttp.OpenAsync(kind, transport);

            foreach (Frame frame in (Frame[])
                [
                    new Frame.Text(fin: true, "x"u8.ToArray(), rsv1: true), new Frame.Binary(fin: true, new byte[1], rsv2: true), new Frame.Binary(fin: false, new byte[1], rsv3: true),
                    new Frame.Text(fin: true, "x"u8.ToArray(), rsv1: true, rsv2: true, rsv3: true),
                ])
            {
                var error = await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendAsync(frame).Soon());
                Assert.Contains("no negotiated extension owns", error.Message, StringComparison.Ordinal);
                Assert.Throws<ArgumentException>(() => test.Session.Outgoing.TryWrite(frame));
            }

            await test.Session.SendAsync("usable");
            Assert.Equal("usable", Assert.IsType<Frame.Text>(await test.Peer.ReceiveAsync()).ReadText());
            Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        }
    }
}
