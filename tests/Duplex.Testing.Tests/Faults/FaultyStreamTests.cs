using System.Net.Sockets;

namespace Duplex.Tests;

public sealed class FaultyStreamTests : IDisposable
{
    private readonly ArmedClock _time = new();
    private readonly InnerStream _inner = new();
    private readonly byte[] _buffer = new byte[1000];

    public void Dispose()
    {
        Assert.False(_inner.GotToken);
        _inner.Dispose();
    }

    [Fact]
    public async Task Without_faults_it_passes_everything_on_and_waits_for_nothing()
    {
        await using FaultyStream stream = Stream(Faults.None);
        _inner.Send(1, 2, 3);

        Assert.Equal(3, await stream.ReadAsync(_buffer).Soon());
        await stream.WriteAsync(new byte[] { 4, 5 });
        await stream.FlushAsync();

        Assert.Equal([1, 2, 3], _buffer[..3]);
        Assert.Equal([4, 5], Assert.Single(_inner.Pieces));
        Assert.Equal(1, _inner.Flushes);
        Assert.Equal(0, _time.LiveTimers);
        _inner.End();
        Assert.Equal(0, await stream.ReadAsync(_buffer).Soon());
        Assert.Equal(0, await stream.ReadAsync(_buffer).Soon());
    }

    [Fact]
    public async Task Both_directions_are_split()
    {
        await using FaultyStream stream = Stream(Faults.None.Split(2));
        _inner.Send(1, 2, 3);

        Assert.Equal(2, await stream.ReadAsync(_buffer).Soon());
        Assert.Equal(1, await stream.ReadAsync(_buffer).Soon());
        await stream.WriteAsync(new byte[] { 4, 5, 6 });

        Assert.Equal([2, 1], _inner.Pieces.Select(piece => piece.Length));
        Assert.Equal([4, 5, 6], _inner.Written);
        Assert.Equal(2, _inner.Flushes); // or HTTP/2 joins them again
    }

    [Fact]
    public async Task A_read_of_nothing_waits_until_there_is_something_and_takes_nothing()
    {
        await using FaultyStream stream = Stream(Faults.None);
        Task<int> empty = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(empty.IsCompleted);

        _inner.Send(1);

        Assert.Equal(0, await empty.Soon());
        Assert.Equal(1, await stream.ReadAsync(_buffer).Soon());
    }

    [Fact]
    public async Task Each_chunk_is_delayed()
    {
        await using FaultyStream stream = Stream(Faults.None.Delay(TimeSpan.FromSeconds(2)).Split(1));
        _inner.Send(1, 2);
        Task<int> read = stream.ReadAsync(_buffer).AsTask();
        Task write = stream.WriteAsync(new byte[] { 3, 4 }).AsTask();

        await Patience.Until(() => _time.LiveTimers == 2);
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(read.IsCompleted);
        Assert.Empty(_inner.Pieces);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(1, await read.Soon());
        await write.Soon();
        Assert.Equal(1, await stream.ReadAsync(_buffer).Soon()); // of the same chunk
        Assert.Equal(0, _time.LiveTimers);
    }

    [Fact]
    public async Task The_rate_is_limited()
    {
        await using FaultyStream stream = Stream(Faults.None.Throttle(100));
        DateTimeOffset began = _time.GetUtcNow();

        Task write = stream.WriteAsync(new byte[1000]).AsTask();
        await _time.PassUntil(write);
        await write;

        Assert.InRange((_time.GetUtcNow() - began).TotalSeconds, 9.9, 10);
        Assert.Equal(1000, _inner.Written.Length);
    }

    [Fact]
    public async Task A_stall_at_a_point_lets_pass_what_comes_before_it()
    {
        await using FaultyStream stream = Stream(Faults.None.Stall(FaultPoint.AfterSendingBytes(2), TimeSpan.FromSeconds(5), FaultDirection.Sending));
        Task write = stream.WriteAsync(new byte[] { 1, 2, 3 }).AsTask();

        await _time.Armed(TimeSpan.FromSeconds(5));
        Assert.Equal([1, 2], _inner.Written);
        Assert.False(write.IsCompleted);
        _inner.Send(9);
        Assert.Equal(1, await stream.ReadAsync(_buffer).Soon()); // the other direction goes on
        _time.Advance(TimeSpan.FromSeconds(5));

        await write.Soon();
        Assert.Equal([1, 2, 3], _inner.Written);
    }

    [Fact]
    public async Task A_point_in_one_direction_may_stall_the_other()
    {
        await using FaultyStream stream = Stream(Faults.None.Stall(FaultPoint.AfterSending(1), direction: FaultDirection.Receiving));
        await stream.WriteAsync(Wired.Text("abc", masked: true));
        _inner.Send(1);

        Task<int> read = stream.ReadAsync(_buffer).AsTask();
        Assert.False(read.IsCompleted);
        stream.Resume(FaultDirection.Receiving);

        Assert.Equal(1, await read.Soon());
    }

    [Fact]
    public async Task A_stall_now_holds_what_is_pending_and_ends_when_the_test_says_so()
    {
        await using FaultyStream stream = Stream(Faults.None);
        Task<int> read = stream.ReadAsync(_buffer).AsTask();
        stream.Stall();
        _inner.Send(1);
        Task write = stream.WriteAsync(new byte[] { 2 }).AsTask();
        Task flush = stream.FlushAsync();
        _time.Advance(TimeSpan.FromDays(100));

        Assert.False(read.IsCompleted || write.IsCompleted || flush.IsCompleted);
        stream.Resume();

        Assert.Equal(1, await read.Soon());
        await write.Soon();
        await flush.Soon();
    }

    [Fact]
    public async Task A_stall_at_the_start_comes_before_the_first_write()
    {
        await using FaultyStream stream = Stream(Faults.None.Stall(FaultPoint.Start));

        Task write = stream.WriteAsync(new byte[] { 1 }).AsTask();

        Assert.False(write.IsCompleted);
        Assert.Empty(_inner.Pieces);
        stream.Resume();
        await write.Soon();
    }

    [Fact]
    public async Task A_reset_fails_reads_and_writes_and_closes_the_connection_to_the_peer()
    {
        await using FaultyStream stream = Stream(Faults.None.Cut(FaultPoint.AfterReceivingBytes(2)));
        _inner.Send(1, 2, 3);

        Assert.Equal(2, await stream.ReadAsync(_buffer).Soon());
        var error = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(_buffer).Soon());

        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
        await Assert.ThrowsAsync<IOException>(() => stream.WriteAsync(new byte[1]).Soon());
        await Assert.ThrowsAsync<IOException>(() => stream.FlushAsync().Soon());
        await _inner.Disposed.Soon();
        Assert.Empty(_inner.Pieces);
    }

    [Fact]
    public async Task A_cut_after_what_was_sent_lets_its_write_succeed()
    {
        await using FaultyStream stream = Stream(Faults.None.Cut(FaultPoint.AfterSending(1)));
        Task<int> read = stream.ReadAsync(_buffer).AsTask();

        await stream.WriteAsync(Wired.Text("abc", masked: true)).Soon();

        Assert.Single(_inner.Pieces);
        Assert.Equal(1, _inner.Flushes);
        await Assert.ThrowsAsync<IOException>(() => read.Soon());
    }

    [Fact]
    public async Task A_cut_within_what_is_sent_fails_its_write()
    {
        await using FaultyStream stream = Stream(Faults.None.Cut(FaultPoint.AfterSendingBytes(3)));

        await Assert.ThrowsAsync<IOException>(() => stream.WriteAsync(new byte[5]).Soon());

        Assert.Equal(3, _inner.Written.Length);
    }

    [Fact]
    public async Task An_end_gives_0_and_writes_still_pass()
    {
        await using FaultyStream stream = Stream(Faults.None);
        Task<int> read = stream.ReadAsync(_buffer).AsTask();

        stream.Cut(CutKind.End);
        _inner.Send(1);

        Assert.Equal(0, await read.Soon());
        Assert.Equal(0, await stream.ReadAsync(_buffer).Soon());
        await stream.WriteAsync(new byte[] { 2 }).Soon();
        Assert.Equal([2], _inner.Written);
        Assert.False(_inner.Disposed.IsCompleted);
    }

    [Fact]
    public async Task A_cut_at_the_start_lets_nothing_pass()
    {
        await using FaultyStream stream = Stream(Faults.None.Cut(FaultPoint.Start));

        await Assert.ThrowsAsync<IOException>(() => stream.WriteAsync(new byte[1]).Soon());
        Assert.True(_inner.Disposed.IsCompleted);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_cut_ends_what_a_bad_stream_keeps_pending(bool failsToDispose)
    {
        var inner = new InnerStream { OutlivesDispose = true, FailsToDispose = failsToDispose };
        inner.HoldWrites();
        var stream = new FaultyStream(inner, Faults.None, _time);
        Task<int> read = stream.ReadAsync(_buffer).AsTask();
        Task write = stream.WriteAsync(new byte[1]).AsTask();
        await Patience.Until(() => inner.Reads == 1);

        stream.Cut();

        await Assert.ThrowsAsync<IOException>(() => read.Soon());
        await Assert.ThrowsAsync<IOException>(() => write.Soon());
    }

    [Fact]
    public async Task Bytes_are_changed_in_the_direction_of_the_point()
    {
        await using FaultyStream stream = Stream(Faults.None.Corrupt(FaultPoint.AfterReceivingBytes(1), 0xFF).Corrupt(FaultPoint.AfterSendingBytes(0), 0x10));
        _inner.Send(1, 2, 3);
        byte[] sent = [1, 2];

        await stream.ReadAsync(_buffer).Soon();
        await stream.WriteAsync(sent).Soon();

        Assert.Equal([1, 0xFD, 3], _buffer[..3]);
        Assert.Equal([0x11, 2], _inner.Written);
        Assert.Equal([1, 2], sent); // the caller's memory stays as it is
    }

    [Fact]
    public async Task Dropped_frames_are_not_read_and_the_read_goes_on()
    {
        await using FaultyStream stream = Stream(Faults.None.DropPongs());
        Task<int> read = stream.ReadAsync(_buffer).AsTask();
        _inner.Send(Wired.Frame(Opcode.Pong, "x"u8));
        _inner.Send(Wired.Text("abc"));

        Assert.Equal(5, await read.Soon());
        Assert.Equal(Wired.Text("abc"), _buffer[..5]);
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        await using FaultyStream stream = Stream(Faults.None);
        using var cancel = new CancellationTokenSource();
        Task<int> read = stream.ReadAsync(_buffer, cancel.Token).AsTask();

        await cancel.CancelAsync();

        var error = await Assert.ThrowsAsync<OperationCanceledException>(() => read.Soon());
        Assert.Equal(cancel.Token, error.CancellationToken);
        _inner.Send(1);
        Assert.Equal(1, await stream.ReadAsync(_buffer).Soon());
        Assert.Equal(1, _inner.Reads);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.ReadAsync(_buffer, cancel.Token).Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.WriteAsync(_buffer, cancel.Token).Soon());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.FlushAsync(cancel.Token).Soon());
    }

    [Theory, InlineData("read"), InlineData("delayed read"), InlineData("write"), InlineData("delayed write"), InlineData("throttled write"), InlineData("stalled")]
    public async Task Disposing_ends_what_is_pending_and_leaves_no_timer(string what)
    {
        var inner = new InnerStream { OutlivesDispose = true };
        inner.HoldWrites();
        Faults faults = what.Contains("delayed", StringComparison.Ordinal) ? Faults.None.Delay(TimeSpan.FromHours(1))
            : what.Contains("throttled", StringComparison.Ordinal) ? Faults.None.Throttle(1)
            : what == "stalled" ? Faults.None.Stall(FaultPoint.Start, TimeSpan.FromHours(1))
            : Faults.None;
        var stream = new FaultyStream(inner, faults, _time);
        if (what == "delayed read")
            inner.Send(1);
        Task read = stream.ReadAsync(_buffer).AsTask();
        Task write = stream.WriteAsync(new byte[10]).AsTask();
        if (what.Contains("delayed", StringComparison.Ordinal))
            await _time.Armed(TimeSpan.FromHours(1));

        await stream.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => read.Soon());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => write.Soon());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(_buffer).Soon());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.FlushAsync().Soon());
        await Patience.Until(() => _time.LiveTimers == 0);
        Assert.True(inner.Disposed.IsCompleted);
        stream.Cut(); // harmless
        stream.Stall();
        stream.Resume();
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task An_error_of_the_inner_stream_is_the_readers()
    {
        var inner = new InnerStream();
        await using var stream = new FaultyStream(inner, Faults.None, _time);
        inner.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync(new byte[1]).Soon());
        Assert.Equal(0, await stream.ReadAsync(_buffer).Soon());
    }

    [Fact]
    public void It_is_a_duplex_stream_for_asynchronous_use()
    {
        using FaultyStream stream = Stream(Faults.Random(3));

        Assert.True(stream is { CanRead: true, CanWrite: true, CanSeek: false });
        Assert.Equal(3, stream.Faults.Seed);
        Assert.Throws<NotSupportedException>(() => stream.Length);
        Assert.Throws<NotSupportedException>(() => stream.Position);
        Assert.Throws<NotSupportedException>(() => stream.Position = 1);
        Assert.Throws<NotSupportedException>(stream.Flush);
        Assert.Throws<NotSupportedException>(() => stream.Read(_buffer, 0, 1));
        Assert.Throws<NotSupportedException>(() => stream.Write(_buffer, 0, 1));
        Assert.Throws<NotSupportedException>(() => stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => stream.SetLength(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Cut((CutKind)7));
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Stall(TimeSpan.FromTicks(-1)));
    }

    [Fact]
    public void There_must_be_a_duplex_stream_and_a_plan()
    {
        using var oneWay = new MemoryStream([], writable: false);

        Assert.Throws<ArgumentNullException>(() => new FaultyStream(null!, Faults.None));
        Assert.Throws<ArgumentNullException>(() => new FaultyStream(_inner, null!));
        Assert.Throws<ArgumentException>(() => new FaultyStream(oneWay, Faults.None));
    }

    private FaultyStream Stream(Faults faults) => new(_inner, faults, _time);
}
