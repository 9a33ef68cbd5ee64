using System.Buffers;

namespace Duplex.Tests;

/// <summary>A message of 1 GiB in each direction, in the memory of the queues. It measures what the whole process allocates, so no other test may run beside it.</summary>
[CollectionDefinition(nameof(LargeMessageTests), DisableParallelization = true)]
[Collection(nameof(LargeMessageTests))]
public sealed class LargeMessageTests
{
    private const long GiB = 1L << 30;
    private const int MiB = 1 << 20;

    // A frame's object, its array's, and the continuations of a read for each 64 KiB come to well under a kilobyte: 1/64 of the message. A copy of it would be 1024 MiB.
    private const int Allocated = 16 * MiB;

    [Theory]
    [InlineData(GiB)] // one frame
    [InlineData(1 << 20)]
    [InlineData(16 * 1024)]
    public async Task One_of_1_GiB_is_received_as_a_stream(long fragment)
    {
        var pool = new PeakPool();
        var peer = new Flood(GiB, fragment);
        await using DefaultWebSocketSession session = WebSocketSessions.Create(peer, WebSocketRole.Client, ws => ws.BufferPool = pool, ReceiveMode.Streams);
        byte[] buffer = new byte[64 * 1024];
        var check = new PatternCheck();
        long before = GC.GetTotalAllocatedBytes(precise: true);

        await using (WebSocketMessageStream message = (await session.ReceiveStreamAsync().Soon())!)
        {
            while (await message.ReadAsync(buffer).Soon() is var read and > 0)
                check.Add(buffer.AsSpan(0, read));
        }

        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal(GiB, check.Count);
        Assert.InRange(allocated, 0, Allocated);

        // The queue's 4 MiB, where each array may be less than full, what is read ahead of it, and what is being read.
        Assert.InRange(pool.PeakBytes, 1, 6 * MiB);
        Assert.Null(await session.ReceiveStreamAsync().Soon());
        await session.DisposeAsync().Soon();
        Assert.InRange(peer.Pongs, 1, peer.Pings); // no more than 64 are owed at a time
        Assert.Equal(0, pool.Bytes);
    }

    [Fact]
    public async Task One_of_1_GiB_is_sent_from_a_stream_with_pings_answered_between_its_fragments()
    {
        var pool = new PeakPool();
        var peer = new Sink();
        await using DefaultWebSocketSession session = WebSocketSessions.Create(peer, WebSocketRole.Client, ws => ws.BufferPool = pool);
        long before = GC.GetTotalAllocatedBytes(precise: true);

        await session.SendAsync(new PatternStream(GiB)).AsTask().WaitAsync(Patience.LongLimit);
        await session.SendAsync("next").Soon();
        await session.FlushAsync().Soon();

        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal((GiB, 2), (peer.Check.Count, peer.Messages));
        Assert.InRange(peer.LargestFrame, 1, StreamSender.FragmentSize);
        Assert.True(peer.PongsInside > 0);
        Assert.InRange(allocated, 0, Allocated);
        Assert.InRange(pool.PeakBytes, 1, 2 * MiB); // what is staged, what is written, the read buffer and a fragment
        peer.End();
        await session.DisposeAsync().Soon();
        Assert.Equal(0, pool.Bytes);
    }

    // The shared pool, with its arrays counted.
    private sealed class PeakPool : ArrayPool<byte>
    {
        private readonly Lock _sync = new();

        public long Bytes { get; private set; }

        public long PeakBytes { get; private set; }

        public override byte[] Rent(int minimumLength)
        {
            byte[] array = Shared.Rent(minimumLength);
            lock (_sync)
            {
                Bytes += array.Length;
                PeakBytes = Math.Max(PeakBytes, Bytes);
            }

            return array;
        }

        public override void Return(byte[] array, bool clearArray = false)
        {
            lock (_sync)
                Bytes -= array.Length;
            Shared.Return(array);
        }
    }

    // A server that sends a message in fragments, a ping behind each MiB or so of them, and a Close.
    private sealed class Flood(long length, long fragment) : DuplexStream
    {
        private readonly byte[] _header = new byte[FrameHeader.MaxSize];
        private Memory<byte> _head; // of the header that is being sent
        private long _begun; // payload bytes whose headers were sent
        private long _sent;
        private long _lastPing;
        private bool _isClosing;

        public int Pings { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            int total = 0;
            while (total < buffer.Length)
            {
                int count;
                if (!_head.IsEmpty)
                {
                    count = Math.Min(_head.Length, buffer.Length - total);
                    _head.Span[..count].CopyTo(buffer[total..]);
                    _head = _head[count..];
                }
                else if (_sent < _begun)
                {
                    ReadOnlySpan<byte> bytes = PatternStream.At(_sent, (int)Math.Min(_begun - _sent, buffer.Length - total));
                    bytes.CopyTo(buffer[total..]);
                    count = bytes.Length;
                    _sent += count;
                }
                else if (!TryBegin())
                {
                    return total;
                }
                else
                {
                    count = 0;
                }

                total += count;
            }

            return total;
        }

        private bool TryBegin()
        {
            if (_isClosing)
                return false;
            FrameHeader header;
            if (_sent >= _lastPing + MiB)
            {
                header = new FrameHeader(Opcode.Ping, true, ReservedBits.None, 0, null);
                _lastPing = _sent;
                Pings++;
            }
            else if (_sent == length)
            {
                header = new FrameHeader(Opcode.Close, true, ReservedBits.None, 0, null);
                _isClosing = true;
            }
            else
            {
                Opcode opcode = _sent == 0 ? Opcode.Binary : Opcode.Continuation;
                long next = Math.Min(fragment, length - _sent);
                _begun += next;
                header = new FrameHeader(opcode, _begun == length, ReservedBits.None, next, null);
            }

            _head = _header.AsMemory(0, header.Write(_header));
            return true;
        }
    }

    // A server that sends a ping whenever some MiB more have come.
    private sealed class Sink : DuplexStream
    {
        private readonly SemaphoreSlim _pings = new(0);
        private long _lastPing;
        private volatile bool _isEnded;

        public void End()
        {
            _isEnded = true;
            _pings.Release();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.IsEmpty)
                return 0;
            await _pings.WaitAsync(CancellationToken.None);
            if (_isEnded)
                return 0;
            ((ReadOnlySpan<byte>)[0x89, 0x00]).CopyTo(buffer.Span);
            return 2;
        }

        protected override void OnWritten()
        {
            if (Check.Count < _lastPing + (16 * MiB))
                return;
            _lastPing = Check.Count;
            _pings.Release();
        }
    }

    // Takes what a client sends, and checks it.
    private abstract class DuplexStream : BareStream
    {
        private readonly FrameReader _reader = new(WebSocketRole.Server);
        private byte[] _input = new byte[64 * 1024];
        private int _unparsed;
        private bool _inMessage;

        public PatternCheck Check { get; } = new();

        public int Messages { get; private set; }

        public int Pongs { get; private set; }

        public int PongsInside { get; private set; }

        public long LargestFrame { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_input.Length < _unparsed + buffer.Length)
                Array.Resize(ref _input, _unparsed + buffer.Length);
            buffer.Span.CopyTo(_input.AsSpan(_unparsed));
            Span<byte> input = _input.AsSpan(0, _unparsed + buffer.Length);
            while (_reader.TryRead(ref input, out FramePiece piece))
            {
                LargestFrame = Math.Max(LargestFrame, piece.Header.PayloadLength);
                if (piece.Type == FrameType.Pong)
                {
                    Pongs++;
                    PongsInside += _inMessage ? 1 : 0;
                }
                else if (piece.Type == FrameType.Binary)
                {
                    Check.Add(piece.Payload);
                }

                if (piece.Header.IsControl)
                    continue;
                _inMessage = !piece.EndsMessage;
                Messages += piece.EndsMessage ? 1 : 0;
            }

            Assert.Null(_reader.Violation);
            input.CopyTo(_input);
            _unparsed = input.Length;
            OnWritten();
            return default;
        }

        protected virtual void OnWritten()
        {
        }
    }
}
