using System.Buffers.Binary;
using CsCheck;

namespace Duplex.Tests;

/// <summary>Random operations of a session's user and of its peer, interleaved and cancelled at random, and then a random end: nothing torn, nothing lost, nothing left behind.</summary>
public sealed class SessionStressTests
{
    private static readonly Gen<Step> GenStep = Gen.Select(Gen.Enum<Act>(), Gen.Int[4, 3000], Gen.Enum<Cancel>(), Gen.Bool, (act, size, cancel, onPool) => new Step(act, size, cancel, onPool));

    private static readonly Gen<(Step[] Steps, End End, int Capacity)> GenStory = Gen.Select(GenStep.Array[1, 40], Gen.Enum<End>(), Gen.Int[1, 8]);

    private enum Act
    {
        Send,
        SendLarge,
        Receive,
        Ping,
        Flush,
        PeerSends,
        PeerSendsInPieces,
        PeerPings,
        PeerStopsReading,
        PeerReads,
        Pause,
    }

    private enum Cancel
    {
        Never,
        Before,
        After,
        Meanwhile,
    }

    private enum End
    {
        Close,
        Dispose,
        PeerCloses,
        PeerCloses1005,
        Crossing,
        Abort,
        AbortWhileClosing,
        Eof,
        Reset,
        BrokenPipe,
        Violation,
    }

    [Fact]
    [KtorParity("untested/leaks")]
    public async Task Whatever_is_done_in_whatever_order_the_wire_parses_and_nothing_is_lost_or_leaked() =>
        await GenStory.SampleAsync(story => PlayAsync(story.Steps, story.End, story.Capacity), iter: 2000, threads: 2);

    private static async Task PlayAsync(Step[] steps, End end, int capacity)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with
        {
            Incoming = ChannelConfig.Bounded(capacity, 4000),
            Connection = settings.Connection with { Outgoing = ChannelConfig.Bounded(capacity, 4000) },
        });
        var story = new Story(test);
        foreach (Step step in steps)
            await story.PlayAsync(step);
        await story.EndAsync(end);
    }

    private readonly record struct Step(Act Act, int Size, Cancel Cancel, bool OnPool);

    private sealed class Story
    {
        private readonly SessionUnderTest<DefaultWebSocketSession> _test;
        private readonly EchoingPeer _peer;
        private readonly List<Task> _calls = [];
        private readonly List<(int Number, int Size, Task Sending)> _sends = [];
        private int _received;
        private volatile bool _isEnding;

        public Story(SessionUnderTest<DefaultWebSocketSession> test)
        {
            _test = test;
            _peer = new EchoingPeer(test.Peer);
        }

        public async Task PlayAsync(Step step)
        {
            DefaultWebSocketSession session = _test.Session;
            switch (step.Act)
            {
                case Act.Send or Act.SendLarge:
                    byte[] message = new byte[step.Act == Act.Send ? step.Size : step.Size * 5];
                    int number = _sends.Count;
                    BinaryPrimitives.WriteInt32BigEndian(message, number);
                    message.AsSpan(4).Fill((byte)number);
                    _sends.Add((number, message.Length, Call(step, token => session.SendAsync(message, token).AsTask())));
                    break;
                case Act.Receive:
                    _ = Call(step, async token => Count(await session.Incoming.ReadAsync(token)));
                    break;
                case Act.Ping:
                    _ = Call(step, session.PingAsync);
                    break;
                case Act.Flush:
                    _ = Call(step, session.FlushAsync);
                    break;
                case Act.PeerSends:
                    _peer.Send(step.Size, pieces: step.Size);
                    break;
                case Act.PeerSendsInPieces:
                    _peer.Send(step.Size % 50, pieces: 1 + (step.Size % 7));
                    break;
                case Act.PeerPings:
                    _test.Peer.SendFrame(Opcode.Ping, new byte[step.Size % 126]);
                    break;
                case Act.PeerStopsReading:
                    _test.Peer.BlockWrites();
                    break;
                case Act.PeerReads:
                    _test.Peer.UnblockWrites();
                    break;
                case Act.Pause:
                    for (int i = 0; i < step.Size % 10; i++)
                        await Task.Yield();
                    break;
            }
        }

        public async Task EndAsync(End end)
        {
            DefaultWebSocketSession session = _test.Session;
            ScriptedPeer peer = _test.Peer;
            _isEnding = true;
            switch (end)
            {
                case End.Close:
                    _calls.Add(session.CloseAsync(new CloseReason((CloseCode)4000)));
                    break;
                case End.Dispose:
                    _calls.Add(session.DisposeAsync().AsTask());
                    break;
                case End.PeerCloses:
                    _peer.Close(CloseReason.Normal);
                    break;
                case End.PeerCloses1005:
                    _peer.Close(CloseReason.NoStatus);
                    break;
                case End.Crossing:
                    _calls.Add(Task.Run(() => session.CloseAsync()));
                    _peer.Close(CloseReason.Normal);
                    break;
                case End.Abort:
                    session.Abort();
                    break;
                case End.AbortWhileClosing:
                    _calls.Add(session.CloseAsync());
                    session.Abort();
                    break;
                case End.Eof:
                    peer.SendEof();
                    break;
                case End.Reset:
                    peer.FailReads(new IOException("reset"));
                    break;
                case End.BrokenPipe:
                    peer.FailWrites(new IOException("broken pipe"));
                    peer.SendEof();
                    break;
                case End.Violation:
                    _peer.BreakRule();
                    break;
            }

            peer.UnblockWrites();
            await ReceiveRestAsync();
            CloseResult result = await session.Completion.Soon();
            await Task.WhenAll(_calls).Soon();
            await _peer.Ended.Soon();

            AssertSent(result);
            if (end is End.Close or End.Dispose or End.PeerCloses or End.PeerCloses1005 or End.Crossing)
            {
                Assert.True(result.WasClean, $"{end} ended {result}: {result.Error}");
                Assert.Null(result.Error);
                Assert.Equal(_peer.MessagesBeforeClose, _received + result.DiscardedMessages);
                if (end is End.PeerCloses or End.PeerCloses1005)
                    Assert.Equal(0, result.DiscardedMessages);
            }
            else if (end is not End.AbortWhileClosing)
            {
                Assert.False(result.WasClean, $"{end} ended {result}");
            }
        }

        // Every message is on the wire whole, at most once; behind a clean end exactly those whose send succeeded.
        private void AssertSent(CloseResult result)
        {
            var onWire = new HashSet<int>();
            foreach (Frame frame in _peer.Received.Where(frame => frame is Frame.Binary))
            {
                int number = BinaryPrimitives.ReadInt32BigEndian(frame.Data.Span);
                Assert.Equal(_sends[number].Size, frame.Data.Length);
                Assert.False(frame.Data.Span[4..].ContainsAnyExcept((byte)number));
                Assert.True(onWire.Add(number));
            }

            foreach ((int number, int _, Task sending) in _sends)
            {
                bool succeeded = sending is Task<bool> { Result: true };
                if (result.WasClean)
                    Assert.Equal(succeeded, onWire.Contains(number));
            }
        }

        private async Task ReceiveRestAsync()
        {
            try
            {
                await foreach (Frame frame in _test.Session.Incoming)
                    Count(frame);
            }
            catch (WebSocketException)
            {
            }
        }

        private void Count(Frame frame)
        {
            Interlocked.Increment(ref _received);
            frame.Recycle();
        }

        // A call fails by its own token or by the session's end, and in no other way. The task says whether it succeeded.
        private Task<bool> Call(Step step, Func<CancellationToken, Task> call)
        {
            var cancel = new CancellationTokenSource();
            if (step.Cancel == Cancel.Before)
                cancel.Cancel();
            Task<bool> task = step.OnPool ? Task.Run(RunAsync) : RunAsync();
            if (step.Cancel == Cancel.After)
                cancel.Cancel();
            else if (step.Cancel == Cancel.Meanwhile)
                _calls.Add(cancel.CancelAsync());
            _calls.Add(task);
            return task;

            async Task<bool> RunAsync()
            {
                try
                {
                    await call(cancel.Token);
                    return true;
                }
                catch (OperationCanceledException e) when (e.CancellationToken == cancel.Token && step.Cancel != Cancel.Never)
                {
                    return false;
                }
                catch (WebSocketException)
                {
                    Assert.True(_isEnding);
                    return false;
                }
            }
        }
    }

    // Sends back every message and every ping's pong, and answers a Close, once, and ends its side then.
    private sealed class EchoingPeer
    {
        private readonly ScriptedPeer _peer;
        private readonly Lock _sync = new();
        private bool _isClosed;

        public EchoingPeer(ScriptedPeer peer)
        {
            _peer = peer;
            Ended = Task.Run(EchoAsync);
        }

        public List<Frame> Received { get; } = [];

        public long MessagesBeforeClose { get; private set; }

        public Task Ended { get; }

        public void Send(int size, int pieces)
        {
            using var writer = new FrameWriter(WebSocketRole.Server);
            writer.Write(Opcode.Binary, new byte[size / 2], fin: false);
            writer.Write(Opcode.Ping, "between"u8);
            writer.Write(Opcode.Continuation, new byte[size - (size / 2)]);
            ArraySegment<byte> bytes = writer.Take();
            lock (_sync)
            {
                if (_isClosed)
                    return;
                MessagesBeforeClose++;
                _peer.SendInPieces(bytes, pieces);
            }

            writer.Return(bytes);
        }

        public void Close(CloseReason reason)
        {
            lock (_sync)
            {
                if (_isClosed)
                    return;
                _isClosed = true;
                _peer.SendClose(reason);
            }
        }

        public void BreakRule()
        {
            lock (_sync)
            {
                _isClosed = true;
                _peer.SendHex("83 00");
            }
        }

        private async Task EchoAsync()
        {
            await foreach (Frame frame in _peer.ReceiveAllAsync())
            {
                Received.Add(frame);
                switch (frame)
                {
                    case Frame.Binary:
                        Send(frame.Data.Length, frame.Data.Length);
                        break;
                    case Frame.Ping:
                        _peer.SendFrame(Opcode.Pong, frame.Data.Span);
                        break;
                    case Frame.Close:
                        Close(CloseReason.Normal);
                        _peer.SendEof();
                        break;
                }
            }
        }
    }
}
