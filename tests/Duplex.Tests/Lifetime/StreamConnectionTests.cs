namespace Duplex.Tests;

public sealed class StreamConnectionTests : IDisposable
{
    private readonly ScriptedPeer _peer = new();
    private readonly CountingPool _pool = new();
    private readonly CloseState _closeState = new();
    private FrameQueue _queue = null!; // of the last connection, as the reports
    private SessionReports _reports = null!;

    public void Dispose() => _peer.Dispose();

    [Theory]
    [InlineData(WebSocketRole.Client, 0x80)]
    [InlineData(WebSocketRole.Server, 0)]
    public async Task Both_halves_have_the_connections_role(WebSocketRole role, int maskBit)
    {
        bool isClient = role == WebSocketRole.Client;
        using var peer = new ScriptedPeer(isClient ? WebSocketRole.Server : WebSocketRole.Client);
        StreamConnection connection = New(peer, peer, new ConnectionSettings { Role = role, Pool = _pool });
        Assert.Equal(role, connection.Role);

        await connection.Sender.SendAsync(new Data(FrameType.Binary, "out"u8.ToArray()), default);
        Assert.Equal("out"u8.ToArray(), (await peer.ReceiveAsync()).ReadBytes());
        Assert.Equal(maskBit, peer.Received[1] & 0x80);

        peer.SendFrame(Opcode.Binary, "in"u8, masked: !isClient);
        peer.SendEof();
        Assert.IsType<EndOfStreamException>((await RunAsync(connection).Soon()).Error);
        Frame received = _queue.TryTake()!;
        Assert.Equal("in"u8.ToArray(), received.ReadBytes());
        received.Recycle();

        connection.Release();
        await connection.Pump.Ended.Soon();
        connection.Receiving.Release();
        Assert.Equal(0, _pool.Rented);
        Assert.Empty(peer.Misuse);
    }

    [Fact]
    public async Task Mask_keys_come_from_the_source_that_it_was_given()
    {
        StreamConnection connection = New(_peer, _peer, new ConnectionSettings { RandomFill = destination => destination.Fill(0x5A) });

        await connection.Sender.SendAsync(new Data(FrameType.Binary, new byte[1]), default);
        await connection.Pump.FlushAsync().Soon();

        Assert.Equal([0x82, 0x81, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A], _peer.Received);
    }

    [Fact]
    public async Task The_limits_of_the_settings_hold_and_the_frame_limit_can_be_changed()
    {
        StreamConnection connection = New(_peer, _peer, new ConnectionSettings { MaxFrameSize = 10 });
        Assert.Equal(10, connection.MaxFrameSize);
        connection.MaxFrameSize = 20;
        _peer.SendFrame(Opcode.Binary, new byte[20]);
        _peer.SendFrame(Opcode.Binary, new byte[21]);

        Assert.Equal(CloseCode.MessageTooBig, (await RunAsync(connection).Soon()).Violation?.Code);
        Assert.Equal(20, _queue.TryTake()!.Data.Length);
    }

    [Fact]
    public async Task The_message_limits_of_the_settings_hold()
    {
        StreamConnection connection = New(_peer, _peer, new ConnectionSettings { MaxMessageSize = 3 });
        _peer.SendHex("02 02 01 02  80 02 03 04");
        Assert.Equal(CloseCode.MessageTooBig, (await RunAsync(connection).Soon()).Violation?.Code);

        using var peer = new ScriptedPeer();
        connection = New(peer, peer, new ConnectionSettings { MaxFragments = 2 });
        peer.SendHex("02 00  00 00  80 00");
        Assert.Equal(CloseCode.MessageTooBig, (await RunAsync(connection).Soon()).Violation?.Code);
    }

    [Fact]
    public async Task An_overflow_is_told_only_where_the_queue_is_set_to_close()
    {
        _peer.BlockWrites();
        StreamConnection closing = New(_peer, _peer, new ConnectionSettings { Outgoing = ChannelConfig.Bounded(1, 10, ChannelOverflow.Close) });
        Assert.True(closing.Sender.TrySend(new Data(FrameType.Binary, default)));
        await Patience.Until(() => _peer.IsWriteBlocked);
        Assert.True(closing.Sender.TrySend(new Data(FrameType.Binary, default)));
        Assert.Throws<ChannelOverflowException>(() => closing.Sender.TrySend(new Data(FrameType.Binary, default)));
        Assert.Single(_reports.Overflows);

        using var peer = new ScriptedPeer();
        peer.BlockWrites();
        StreamConnection suspending = New(peer, peer, new ConnectionSettings { Outgoing = ChannelConfig.Bounded(1, 10) });
        Assert.True(suspending.Sender.TrySend(new Data(FrameType.Binary, default)));
        await Patience.Until(() => peer.IsWriteBlocked);
        Assert.True(suspending.Sender.TrySend(new Data(FrameType.Binary, default)));
        Assert.False(suspending.Sender.TrySend(new Data(FrameType.Binary, default)));
        Assert.Empty(_reports.Overflows);
        closing.Release();
        suspending.Release();
        await Task.WhenAll(closing.Pump.Ended, suspending.Pump.Ended).Soon();
    }

    [Fact]
    public async Task Releasing_ends_a_pending_read_and_a_pending_write()
    {
        StreamConnection connection = New(_peer, _peer, new ConnectionSettings { Pool = _pool });
        Task<(ProtocolViolation? Violation, Exception? Error)> receiving = RunAsync(connection);
        _peer.BlockWrites();
        await connection.Sender.SendAsync(new Data(FrameType.Binary, new byte[10]), default);
        await Patience.Until(() => _peer.IsWriteBlocked);
        Assert.False(receiving.IsCompleted);

        connection.Release();

        Assert.NotNull((await receiving.Soon()).Error);
        await connection.Pump.Ended.Soon();
        Assert.True(_peer.Released.IsCompleted);
        connection.Receiving.Release();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task It_is_released_once_however_many_ask()
    {
        var owner = new Owner();
        StreamConnection connection = New(_peer, owner, new ConnectionSettings());

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(connection.Release))).Soon();

        Assert.Equal(1, owner.Disposals);
    }

    [Fact]
    public async Task An_owner_that_fails_to_be_disposed_does_not_keep_the_session_from_ending()
    {
        var owner = new Owner { Error = new IOException("already gone") };
        StreamConnection connection = New(_peer, owner, new ConnectionSettings());

        connection.Release();

        Assert.Equal(1, owner.Disposals);
        await connection.Pump.Ended.Soon();
    }

    private StreamConnection New(Stream stream, IDisposable owner, ConnectionSettings settings)
    {
        _queue = new FrameQueue(ChannelConfig.DefaultIncoming, _closeState);
        _reports = new SessionReports();
        return new StreamConnection(stream, owner, AssemblerOutput.Messages, isDirect: false, _queue, _closeState, _reports, TestTelemetry.Of(), settings);
    }

    private Task<(ProtocolViolation? Violation, Exception? Error)> RunAsync(StreamConnection connection)
    {
        connection.Receiving.Start();
        return _reports.ReceiveEnd;
    }

    private sealed class Owner : IDisposable
    {
        private int _disposals;

        public int Disposals => _disposals;

        public Exception? Error { get; init; }

        public void Dispose()
        {
            Interlocked.Increment(ref _disposals);
            if (Error is not null)
                throw Error;
        }
    }
}
