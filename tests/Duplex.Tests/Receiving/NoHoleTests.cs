using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.WebSockets;
using CsCheck;

namespace Duplex.Tests;

/// <summary>
/// For every end of a session and every way to receive: what is received is a prefix of what the peer sent. A normal end says
/// that it is all of it, up to the peer's Close.
/// </summary>
public sealed class NoHoleTests
{
    /// <summary>What makes the session, and how it gives what comes.</summary>
    public enum Mode
    {
        Messages,
        Server,
        Raw,
        Streams,
        PlatformSocket,

        /// <summary>Consumers read, and take frames.</summary>
        Direct,

        /// <summary>One consumer reads, and takes views.</summary>
        Views,
    }

    /// <summary>How a consumer receives.</summary>
    public enum Style
    {
        Enumerate,
        Read,
        WaitAndDrain,
        Poll,
        Cancel,
    }

    /// <summary>What ends the session, beside the peer's own Close.</summary>
    public enum End
    {
        None,
        Close,
        CloseTwice,
        CloseThenDispose,
        CloseThenAbort,
        CloseWithError,
        Dispose,
        Abort,
        SendOverflow,
        EndOfStream,
        Reset,
        Violation,
        WriteError,
    }

    private sealed record Plan(
        Mode Mode, Style Style, int Consumers, End End, int EndAfter, int StopAfter, int Messages, bool PeerCloses, ChannelConfig Bounds, int Chunk, int YieldsOfPeer, int Speed);

    private static readonly Gen<Plan> Plans =
        from mode in Gen.Enum<Mode>()
        from style in Gen.Enum<Style>()
        from consumers in Gen.Int[1, 3]
        from end in mode == Mode.PlatformSocket ? Gen.Enum<End>().Where(end => end is not (End.SendOverflow or End.WriteError)) : Gen.Enum<End>() // it takes every send
        from endAfter in Gen.Int[0, 60]
        from stopAfter in Gen.OneOf(Gen.Int[0, 40], Gen.Const(int.MaxValue))
        from messages in Gen.Int[0, 60]
        from peerCloses in Gen.Frequency((3, Gen.Const(true)), (1, Gen.Const(false)))
        from capacity in Gen.Int[1, 12]
        from bytes in Gen.Int[1, 100]
        from overflow in Gen.Frequency((3, Gen.Const(ChannelOverflow.Suspend)), (1, Gen.Const(ChannelOverflow.Close)))
        from chunk in Gen.Int[1, 200]
        from yieldsOfPeer in Gen.Int[0, 3]
        from speed in Gen.Int[20, 1000]
        select new Plan(
            mode, style, mode is Mode.Streams or Mode.Views ? 1 : consumers, end, endAfter, stopAfter, messages, peerCloses, ChannelConfig.Bounded(capacity, bytes, overflow), chunk, yieldsOfPeer, speed);

    [Fact]
    public void What_is_received_is_the_beginning_of_what_was_sent_and_a_normal_end_says_that_it_is_all() =>
        Plans.Sample(Play, iter: 1000, threads: 2);

    [Fact]
    public void While_we_close_a_consumer_that_goes_on_gets_everything_up_to_the_peers_close() =>
        (from plan in Plans
         where plan.End is End.Close or End.CloseTwice
         select plan with { PeerCloses = true, StopAfter = int.MaxValue, Speed = 1, Bounds = ChannelConfig.Bounded(plan.Bounds.Capacity, plan.Bounds.MaxBytes) })
        .Sample(Play, iter: 300, threads: 2);

    private static void Play(Plan plan)
    {
        using var run = new Run(plan);
        run.PlayAsync().Soon().GetAwaiter().GetResult();
    }

    /// <summary>One session, its peer and its consumers.</summary>
    private sealed class Run(Plan plan) : IDisposable
    {
        private readonly FastClock _time = new(plan.Speed);
        private readonly ConcurrentBag<int> _received = [];
        private readonly ConcurrentBag<bool> _normalEnds = [];
        private readonly ScriptedPeer _peer = new(plan.Mode == Mode.Server ? WebSocketRole.Client : WebSocketRole.Server);
        private readonly FakeSocket _socket = new();
        private readonly TaskCompletionSource _resume = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private WebSocketException? _error;
        private int _count;
        private int _closesSeen;

        public void Dispose()
        {
            _peer.Dispose();
            _socket.Dispose();
        }

        public async Task PlayAsync()
        {
            WebSocketSession session = Open();
            Task[] consuming = [.. Enumerable.Range(0, plan.Consumers).Select(seed => Task.Run(() => ConsumeAsync(session, seed)))];
            Task sending = Task.Run(SendAllAsync);
            Task ending = Task.Run(() => EndAsync(session));

            await ending.Soon();
            await sending.Soon();
            _resume.TrySetResult();
            foreach (Task consumer in consuming)
                await consumer.Soon();
            CloseResult result = await session.Completion.Soon();
            await session.DisposeAsync().Soon();

            Assert.Equal(Enumerable.Range(0, _received.Count), _received.Order());
            Assert.True(_normalEnds.Distinct().Count() <= 1, "Some consumers saw a normal end, others did not.");
            if (_normalEnds.Contains(true))
            {
                Assert.Equal(plan.Messages, _received.Count);
                Assert.NotNull(result.Received);
                Assert.Equal(0, result.DiscardedMessages);
                Assert.True(plan.Mode != Mode.Raw || _closesSeen == 1);
            }

            // No consumer takes as long as the close waits for one.
            if (plan.Speed == 1)
                Assert.True(!_normalEnds.Contains(false), $"A consumer that goes on got {_error}, and the session {result} {result.Error}");
        }

        private WebSocketSession Open()
        {
            var settings = new SessionSettings
            {
                Connection = new ConnectionSettings
                {
                    Time = _time,
                    Role = plan.Mode == Mode.Server ? WebSocketRole.Server : WebSocketRole.Client,
                    Outgoing = plan.End == End.SendOverflow ? ChannelConfig.Bounded(1, 1, ChannelOverflow.Close) : ChannelConfig.DefaultOutgoing,
                },
                Incoming = plan.Bounds,
                CloseTimeout = TimeSpan.FromSeconds(plan.Speed == 1 ? 300 : 5), // the close gives up a consumer that takes nothing for a quarter of it
                PingInterval = Timeout.InfiniteTimeSpan,
                ReceiveMode = plan.Mode switch
                {
                    Mode.Streams => ReceiveMode.Streams,
                    Mode.Direct or Mode.Views => ReceiveMode.Direct,
                    _ => ReceiveMode.Messages,
                },
            };
            if (plan.Mode == Mode.PlatformSocket)
            {
                var stream = new WebSocketFrameStream(_socket);
                return DefaultWebSocketSession.Over(stream, stream, settings with { Connection = settings.Connection with { Engine = WebSocketEngines.From((_, _) => new ValueTask<WebSocket>(_socket)).Profile } });
            }

            return plan.Mode == Mode.Raw ? RawWebSocketSession.Over(_peer, _peer, settings) : DefaultWebSocketSession.Over(_peer, _peer, settings);
        }

        private static byte[] Message(int number)
        {
            byte[] message = new byte[4 + (number % 9 * 3)];
            BinaryPrimitives.WriteInt32BigEndian(message, number);
            return message;
        }

        private async Task SendAllAsync()
        {
            for (int number = 0; number < plan.Messages; number++)
            {
                byte[] message = Message(number);
                if (plan.Mode == Mode.PlatformSocket)
                    _socket.Give(message);
                else
                    _peer.SendInPieces(Wire(message), plan.Chunk);
                for (int i = 0; i < plan.YieldsOfPeer; i++)
                    await Task.Yield();
            }

            // A peer that was closed, or left, sends no Close of its own accord unless the plan says so.
            if (plan.End == End.EndOfStream && !plan.PeerCloses)
            {
                _peer.SendEof();
                _socket.GiveError(new IOException("gone"));
            }
            else if (plan.End == End.Reset && !plan.PeerCloses)
            {
                _peer.FailReads(new IOException("reset"));
                _socket.GiveError(new IOException("reset"));
            }
            else if (plan.End == End.Violation && !plan.PeerCloses)
            {
                _peer.SendHex("83 00");
                _peer.SendEof();
                _socket.GiveError(new IOException("no such thing"));
            }
            else if (plan.PeerCloses || plan.End == End.None)
            {
                _socket.GiveClose(WebSocketCloseStatus.NormalClosure, "");
                _peer.SendClose(CloseReason.Normal);
                _peer.SendEof();
            }
        }

        // Streams get each message in fragments of 7 bytes.
        private byte[] Wire(byte[] message)
        {
            int most = plan.Mode == Mode.Streams ? 7 : message.Length;
            using var writer = new FrameWriter(plan.Mode == Mode.Server ? WebSocketRole.Client : WebSocketRole.Server);
            for (int at = 0; at < message.Length; at += most)
                writer.Write(at == 0 ? Opcode.Binary : Opcode.Continuation, message.AsSpan(at, Math.Min(most, message.Length - at)), fin: at + most >= message.Length);
            return [.. writer.Take()];
        }

        private async Task EndAsync(WebSocketSession session)
        {
            // When so many were received, or no consumer receives any more.
            for (int idle = 0, seen = 0; Volatile.Read(ref _count) < Math.Min(plan.EndAfter, plan.Messages) && !session.Completion.IsCompleted && idle < 200; idle++)
            {
                if (Volatile.Read(ref _count) is var count && count != seen)
                    (seen, idle) = (count, 0);
                await Task.Yield();
            }

            switch (plan.End)
            {
                case End.Close:
                    await session.CloseAsync();
                    break;
                case End.CloseTwice:
                    await Task.WhenAll(session.CloseAsync(), session.CloseAsync(new CloseReason(CloseCode.GoingAway)));
                    break;
                case End.CloseThenDispose:
                    _ = session.CloseAsync();
                    await Task.Yield();
                    await session.DisposeAsync();
                    break;
                case End.CloseThenAbort:
                    _ = session.CloseAsync();
                    await Task.Yield();
                    session.Abort();
                    break;
                case End.CloseWithError:
                    await session.CloseWithErrorAsync(new InvalidOperationException());
                    break;
                case End.Dispose:
                    await session.DisposeAsync();
                    break;
                case End.Abort:
                    session.Abort();
                    break;
                case End.SendOverflow:
                    _peer.BlockWrites();
                    for (int i = 0; i < 3; i++)
                        await Assert.ThrowsAnyAsync<WebSocketException>(async () => { while (true) await session.SendAsync(new byte[1]); });
                    _peer.UnblockWrites();
                    break;
                case End.WriteError:
                    _peer.FailWrites(new IOException("broken pipe"));
                    try
                    {
                        await session.SendAsync("x");
                    }
                    catch (WebSocketClosedException)
                    {
                    }

                    break;
            }
        }

        private async Task ConsumeAsync(WebSocketSession session, int seed)
        {
            var random = new Random(seed);
            int last = -1;
            try
            {
                if (plan.Mode == Mode.Streams)
                    await ReceiveStreamsAsync((DefaultWebSocketSession)session);
                else if (plan.Mode == Mode.Views)
                    await ReceiveViewsAsync(((DefaultWebSocketSession)session).Messages);
                else if (plan.Style == Style.Enumerate)
                    await EnumerateAsync(session.Incoming);
                else
                    await ReceiveAsync(session.Incoming);
                _normalEnds.Add(true);
            }
            catch (WebSocketException e)
            {
                _error = e;
                _normalEnds.Add(e is WebSocketClosedException && e.Message.StartsWith("No more frames will come", StringComparison.Ordinal));
            }

            async Task EnumerateAsync(FrameChannelReader incoming)
            {
                await foreach (Frame frame in incoming.ConfigureAwait(false))
                    await TakeAsync(frame);
            }

            async Task ReceiveAsync(FrameChannelReader incoming)
            {
                while (true)
                {
                    switch (plan.Style)
                    {
                        case Style.Read:
                            await TakeAsync(await incoming.ReadAsync().ConfigureAwait(false));
                            break;
                        case Style.Poll:
                            if (incoming.TryRead(out Frame? polled))
                                await TakeAsync(polled);
                            else if (incoming.Completion.IsCompleted)
                            {
                                await incoming.Completion;
                                return;
                            }
                            else
                                await Task.Yield();
                            break;
                        case Style.Cancel:
                            using (var source = new CancellationTokenSource())
                            {
                                ValueTask<Frame> reading = incoming.ReadAsync(source.Token);
                                if (random.Next(2) == 0)
                                    await Task.Yield();
                                await source.CancelAsync();
                                try
                                {
                                    await TakeAsync(await reading.ConfigureAwait(false));
                                }
                                catch (OperationCanceledException)
                                {
                                }
                            }

                            break;
                        default:
                            if (!await incoming.WaitToReadAsync().ConfigureAwait(false))
                                return;
                            while (incoming.TryRead(out Frame? frame))
                                await TakeAsync(frame);
                            break;
                    }
                }
            }

            async ValueTask TakeAsync(Frame frame)
            {
                if (frame.Type == FrameType.Close)
                {
                    Interlocked.Increment(ref _closesSeen);
                    return;
                }

                int number = BinaryPrimitives.ReadInt32BigEndian(frame.Data.Span);
                Assert.True(number > last, $"{number} after {last}");
                Assert.Equal(Message(number).Length, frame.Data.Length);
                frame.Recycle();
                last = number;
                await CountAsync(number);
            }

            async Task ReceiveViewsAsync(MessageReader messages)
            {
                while (true)
                {
                    using var source = new CancellationTokenSource();
                    ValueTask<bool> waiting = messages.WaitToReadAsync(source.Token);
                    if (plan.Style is Style.Cancel or Style.Poll && random.Next(2) == 0)
                        await source.CancelAsync();
                    try
                    {
                        if (!await waiting.ConfigureAwait(false))
                            return;
                    }
                    catch (OperationCanceledException)
                    {
                    }

                    while (messages.TryRead(out MessageView message))
                    {
                        int number = BinaryPrimitives.ReadInt32BigEndian(message.Data);
                        Assert.True(number > last, $"{number} after {last}");
                        Assert.Equal(Message(number).Length, message.Data.Length);
                        last = number;
                        await CountAsync(number);
                        if (plan.Style == Style.Read)
                            break;
                    }
                }
            }

            async Task ReceiveStreamsAsync(DefaultWebSocketSession streams)
            {
                await foreach (WebSocketMessageStream stream in streams.ReceiveStreamsAsync().ConfigureAwait(false))
                {
                    byte[] bytes = new byte[Message(++last).Length];
                    await stream.ReadExactlyAsync(bytes).ConfigureAwait(false);
                    Assert.Equal(0, await stream.ReadAsync(new byte[1]).ConfigureAwait(false));
                    Assert.Equal(last, BinaryPrimitives.ReadInt32BigEndian(bytes));
                    await CountAsync(last);
                }
            }
        }

        private async ValueTask CountAsync(int number)
        {
            _received.Add(number);
            if (Interlocked.Increment(ref _count) > plan.StopAfter)
                await _resume.Task.ConfigureAwait(false);
        }
    }

    /// <summary>The system's time, so many times as fast.</summary>
    private sealed class FastClock(int speed) : TimeProvider
    {
        private readonly long _began = System.GetTimestamp();

        public override long TimestampFrequency => System.TimestampFrequency;

        public override long GetTimestamp() => _began + ((System.GetTimestamp() - _began) * speed);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal(Timeout.InfiniteTimeSpan, period); // no timer of ours repeats
            return new FastTimer(System.CreateTimer(callback, state, Real(dueTime), period), this);
        }

        private TimeSpan Real(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds / speed));

        private sealed class FastTimer(ITimer timer, FastClock clock) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(clock.Real(dueTime), period);

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
