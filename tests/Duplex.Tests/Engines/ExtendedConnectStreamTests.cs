using System.Threading.Channels;

namespace Duplex.Tests;

public sealed class ExtendedConnectStreamTests : IDisposable
{
    private readonly PlatformStream _platform = new();
    private readonly TestClock _time = new();
    private readonly ExtendedConnectStream _stream;

    public ExtendedConnectStreamTests() => _stream = new ExtendedConnectStream(_platform, _time);

    public void Dispose() => _stream.Dispose();

    [Fact]
    public async Task Reads_and_writes_are_passed_on()
    {
        _platform.Arrive(1, 2);
        byte[] buffer = new byte[4];

        Assert.Equal(2, await _stream.ReadAsync(buffer));
        await _stream.WriteAsync(new byte[] { 3 });
        await _stream.FlushAsync();

        Assert.Equal([1, 2], buffer[..2]);
        Assert.Equal([3], _platform.Written);
        Assert.Equal(1, _platform.Flushes);
    }

    [Fact]
    public async Task A_write_to_a_stream_that_was_reset_fails_where_nothing_was_read_for_a_while()
    {
        _platform.Reset();
        _time.Advance(ExtendedConnectStream.Unread);

        Assert.Same(_platform.Error, await Assert.ThrowsAsync<IOException>(() => _stream.WriteAsync(new byte[1]).AsTask()));
        Assert.Same(_platform.Error, await Assert.ThrowsAsync<IOException>(() => _stream.WriteAsync(new byte[1]).AsTask()));
        Assert.Empty(_platform.Written);
        Assert.Same(_platform.Error, await Assert.ThrowsAsync<IOException>(() => _stream.ReadAsync(new byte[1]).AsTask()));
    }

    [Fact]
    public async Task A_reset_behind_bytes_that_nobody_read_is_found()
    {
        _platform.Arrive(1);
        _time.Advance(ExtendedConnectStream.Unread);
        await _stream.WriteAsync(new byte[] { 3 });
        _platform.Reset();

        await Assert.ThrowsAsync<IOException>(() => _stream.WriteAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task A_reset_that_comes_while_it_waits_for_one_is_found_and_nothing_is_asked_twice()
    {
        _time.Advance(ExtendedConnectStream.Unread);
        await _stream.WriteAsync(new byte[] { 3 });
        await _stream.WriteAsync(new byte[] { 4 });
        Assert.Equal(1, _platform.Reads);

        _platform.Reset();

        await Patience.Until(() => _stream.WriteAsync(new byte[] { 5 }).IsFaulted);
    }

    [Fact]
    public async Task Soon_after_a_read_and_while_one_is_pending_a_write_asks_nothing()
    {
        _platform.Arrive(1);
        Assert.Equal(1, await _stream.ReadAsync(new byte[1]));
        await _stream.WriteAsync(new byte[1]);
        ValueTask<int> reading = _stream.ReadAsync(new byte[1]);
        _time.Advance(10 * ExtendedConnectStream.Unread);
        await _stream.WriteAsync(new byte[1]);

        Assert.Equal(2, _platform.Reads);
        _platform.Arrive(7);
        Assert.Equal(1, await reading.Soon());
        await _stream.WriteAsync(new byte[1]); // the time begins with a read's end
        Assert.Equal(2, _platform.Reads);
    }

    [Fact]
    public async Task A_read_waits_for_the_question_that_is_pending()
    {
        _time.Advance(ExtendedConnectStream.Unread);
        await _stream.WriteAsync(new byte[1]);
        byte[] buffer = new byte[4];

        Task<int> reading = _stream.ReadAsync(buffer).AsTask();
        Assert.Equal(1, _platform.Reads);
        _platform.Arrive(7, 8);

        Assert.Equal(2, await reading.Soon());
        Assert.Equal([7, 8], buffer[..2]);
    }

    [Fact]
    public void Disposing_it_disposes_the_platforms_stream()
    {
        _stream.Dispose();

        Assert.True(_platform.IsDisposed);
    }

    // As the platform's: one read at a time, zero-byte reads wait for bytes, and a reset fails reads only.
    private sealed class PlatformStream : BareStream
    {
        private readonly Channel<byte[]> _arrived = Channel.CreateUnbounded<byte[]>();
        private int _pending;

        public IOException Error { get; } = new("reset");

        public bool IsReset { get; private set; }

        public bool IsDisposed { get; private set; }

        public int Reads { get; private set; }

        public int Flushes { get; private set; }

        public List<byte> Written { get; } = [];

        public void Arrive(params byte[] bytes) => _arrived.Writer.TryWrite(bytes);

        public void Reset()
        {
            IsReset = true;
            _arrived.Writer.TryComplete();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Reads++;
            Assert.Equal(1, Interlocked.Increment(ref _pending));
            try
            {
                if (!IsReset)
                    await _arrived.Reader.WaitToReadAsync(cancellationToken);
                if (IsReset)
                    throw Error;
                if (buffer.IsEmpty)
                    return 0;
                Assert.True(_arrived.Reader.TryRead(out byte[]? bytes));
                bytes.CopyTo(buffer);
                return bytes.Length;
            }
            finally
            {
                Interlocked.Decrement(ref _pending);
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written.AddRange(buffer.Span);
            return default;
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flushes++;
            return Task.CompletedTask;
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed |= disposing;
            base.Dispose(disposing);
        }
    }
}
