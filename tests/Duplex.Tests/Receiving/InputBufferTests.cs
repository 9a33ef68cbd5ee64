using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class InputBufferTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CountingPool _pool = new();
    private readonly RecordingStream _stream = new();
    private readonly FrameReader _reader = new(WebSocketRole.Client);
    private readonly MessageAssembler _assembler;
    private readonly InputBuffer _input;

    public InputBufferTests()
    {
        _assembler = new MessageAssembler(AssemblerOutput.Messages, _pool);
        _input = new InputBuffer(_stream, _reader, _assembler, new ConnectionSettings { Pool = _pool, Time = _time });
    }

    public void Dispose()
    {
        _input.Release();
        _assembler.Dispose();
        _stream.Dispose();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task A_read_that_waits_has_no_buffer_and_its_continuation_takes_in_what_came()
    {
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _time.Advance(InputBuffer.HotPeriod + InputBuffer.HotPeriod);
        Assert.Equal(InputBuffer.Outcome.Pending, _input.Read());
        _input.Reading.UnsafeOnCompleted(read.SetResult);
        Assert.Equal(0, _pool.Rented);

        _stream.Send(1, 2, 3);
        await read.Task.Soon();

        Assert.Equal(InputBuffer.Outcome.Bytes, _input.TakeIn());
        Assert.Equal([1, 2, 3], _input.Unparsed.ToArray());
        Assert.Equal([0, InputBuffer.BufferSize], _stream.ReadSizes);
        Assert.Equal(_time.GetTimestamp(), _input.LastInbound);
    }

    [Fact]
    public void What_is_kept_stands_before_what_comes_next()
    {
        _stream.Send(1, 2, 3);
        Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());
        Assert.Equal([1, 2], _input.Before(rest: 1, length: 2).Span.ToArray());
        _input.Keep(1);

        _stream.Send(4, 5);
        Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());

        Assert.Equal([3, 4, 5], _input.Unparsed.ToArray());
        Assert.Equal(InputBuffer.BufferSize - 1, _stream.ReadSizes[^1]);
    }

    [Fact]
    public void The_rest_of_a_large_frame_is_read_into_its_messages_memory()
    {
        byte[] payload = [.. Enumerable.Range(0, 50_000).Select(i => (byte)i)];
        _stream.Send([0x82, 0x7E, 0xC3, 0x50, .. payload.AsSpan(0, 10)]);
        Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());
        Assert.False(Parse(out _));

        _stream.Send(payload.AsSpan(10));
        Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());

        Assert.Equal(payload.Length - 10, _stream.ReadSizes[^1]);
        Assert.Equal(1, _pool.Rented); // the message; the buffer is back
        Assert.True(Parse(out MessageView message));
        Assert.True(message.IsAssembled);
        Assert.True(message.Data.SequenceEqual(payload));
        Assert.True(_input.IsEmpty);
    }

    [Fact]
    public void An_abandoned_buffer_stays_as_it_was_and_the_rest_is_parsed_elsewhere()
    {
        _stream.Send(1, 2, 3);
        Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());
        ReadOnlyMemory<byte> whole = _input.Before(rest: 0, length: 3);
        ReadOnlyMemory<byte> seen = _input.Before(rest: 1, length: 2);
        _input.Keep(1);

        _input.Abandon();
        Assert.Equal([3], _input.Unparsed.ToArray());
        _input.Unparsed[0] = 4;
        Assert.Equal([1, 2, 3], whole.Span.ToArray());
        _input.Unparsed[0] = 3;
        _stream.Send(9, 9, 9);
        Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());

        Assert.Equal([1, 2], seen.Span.ToArray());
        Assert.Equal([3, 9, 9, 9], _input.Unparsed.ToArray());
        _input.Release();
        Assert.Equal([1, 2], seen.Span.ToArray());
        Assert.Equal(1, _pool.Rented); // the collector's
        _pool.Forget();
    }

    [Fact]
    public void The_end_of_the_stream_is_no_bytes()
    {
        using var empty = new MemoryStream();
        var input = new InputBuffer(empty, _reader, _assembler, new ConnectionSettings { Pool = _pool, Time = _time });

        Assert.Equal(InputBuffer.Outcome.End, input.Read());
        Assert.True(input.IsEmpty);
        Assert.True(input.HasEnded);
        empty.WriteByte(1);
        empty.Position = 0;
        Assert.Equal(InputBuffer.Outcome.End, input.Read()); // once and for all
        input.Release();
    }

    [Fact]
    public void While_bytes_come_often_the_buffer_stays_and_in_a_silence_it_is_given_back()
    {
        Receive(InputBuffer.HotPeriod);
        Assert.True(_input.IsHot);
        Receive(InputBuffer.HotPeriod + TimeSpan.FromTicks(1));
        Assert.False(_input.IsHot);
        Assert.Equal(1, _pool.Rented);

        Assert.Equal(InputBuffer.Outcome.Pending, _input.Read());

        Assert.Equal(0, _pool.Rented);
        Assert.Equal(0, _stream.ReadSizes[^1]);

        void Receive(TimeSpan after)
        {
            _time.Advance(after);
            _stream.Send(1);
            Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());
            _input.Keep(0);
        }
    }

    [Theory, InlineData(InputBuffer.LargeFrame, InputBuffer.LargeFrameHead), InlineData(InputBuffer.LargeFrame - 1, InputBuffer.BufferSize)]
    public void After_a_large_frame_little_more_than_a_header_is_read(int last, int expected)
    {
        _input.LastPayloadLength = last;
        _stream.Send(1);

        Assert.Equal(InputBuffer.Outcome.Bytes, _input.Read());

        Assert.Equal(expected, _stream.ReadSizes[^1]);
    }

    [Fact]
    public async Task Draining_reads_until_the_end()
    {
        using var stream = new MemoryStream(new byte[InputBuffer.BufferSize + 5]);
        var input = new InputBuffer(stream, _reader, _assembler, new ConnectionSettings { Pool = _pool, Time = _time });

        await input.DrainAsync().Soon();

        Assert.Equal(stream.Length, stream.Position);
        input.Release();
    }

    [Fact]
    public void Without_a_buffer_there_is_nothing_to_abandon()
    {
        _input.Abandon();

        Assert.Equal(0, _pool.Rents);
    }

    private bool Parse(out MessageView message)
    {
        message = default;
        Span<byte> rest = _input.Unparsed;
        bool isFound = false;
        while (!isFound && _reader.TryRead(ref rest, out FramePiece piece))
        {
            _input.LastPayloadLength = piece.Header.PayloadLength;
            isFound = _assembler.TryAccept(piece, out message);
        }

        _input.Keep(rest.Length);
        return isFound;
    }
}
