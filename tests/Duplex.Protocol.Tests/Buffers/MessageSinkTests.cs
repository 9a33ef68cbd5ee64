namespace Duplex.Tests;

public class MessageSinkTests
{
    private readonly CountingPool _pool = new();
    private readonly MessageSink _builder;

    public MessageSinkTests() => _builder = new MessageSink(new PayloadAllocator(_pool));

    private static byte[] Octets(int from, int count) => [.. Enumerable.Range(from, count).Select(i => (byte)i)];

    [Fact]
    public void What_was_appended_is_taken_as_one()
    {
        for (int i = 0; i < 100; i++)
            _builder.Append(Octets(i * 37, 37));

        ReadOnlyMemory<byte> payload = _builder.Take(out SharedBuffer? owner);

        Assert.Equal(Octets(0, 3700), payload.ToArray());
        Assert.NotNull(owner);
        Assert.Equal(0, _builder.Length);
        owner.Release();
    }

    [Fact]
    public void An_empty_payload_has_no_owner()
    {
        _builder.Expect(0, final: true);
        _builder.Append([]);

        Assert.True(_builder.Take(out SharedBuffer? owner).IsEmpty);

        Assert.Null(owner);
        Assert.Equal(0, _pool.Rents);
    }

    [Fact]
    public void A_last_frame_up_to_the_first_reservation_gets_memory_of_its_own_size_at_once()
    {
        _builder.Expect(1000, final: true);
        Assert.Equal(1000, _builder.GetTail(1000).Length);

        _builder.Append(Octets(0, 1000));

        Assert.Equal(1, _pool.Rents);
    }

    [Fact]
    public void A_last_frame_behind_others_gets_memory_for_all_of_them()
    {
        _builder.Expect(10, final: false);
        _builder.Append(Octets(0, 10));
        _builder.Expect(20, final: true);

        Assert.Equal(20, _builder.GetTail(20).Length);

        _builder.Append(Octets(10, 20));
        Assert.Equal(Octets(0, 30), _builder.Take(out _).ToArray());
    }

    [Fact]
    public void The_tail_is_never_empty_and_never_longer_than_asked_for()
    {
        _builder.Expect(5000, final: true);
        for (int left = 5000; left > 0;)
        {
            Memory<byte> tail = _builder.GetTail(Math.Min(7, left));
            Assert.InRange(tail.Length, 1, Math.Min(7, left));
            _builder.Append(tail.Span);
            left -= tail.Length;
        }

        Assert.Equal(5000, _builder.Take(out _).Length);
    }

    [Fact]
    public void Bytes_that_lie_in_the_tail_are_taken_over_without_a_copy()
    {
        _builder.Expect(2000, final: true);
        Span<byte> tail = _builder.GetTail(2000).Span;
        tail.Fill(9);

        _builder.Append(tail[..1500]);
        _builder.Append(tail[1500..]);

        Assert.True(_builder.Take(out _).Span == tail);
    }

    [Fact]
    public void A_huge_announcement_reserves_no_more_than_one_read()
    {
        _builder.Expect(1L << 40, final: true);

        _builder.Append([1]);

        Assert.Equal(MessageSink.FirstReservation, _pool.PeakBytes);
    }

    [Fact]
    public void Growing_gives_the_smaller_memory_back()
    {
        for (int i = 0; i < 50; i++)
        {
            _builder.Append(new byte[2000]);
            Assert.InRange(_pool.Outstanding, 1, 2); // its own, and the allocator's slab
        }

        _builder.Discard();
        Assert.InRange(_pool.Outstanding, 0, 1);
    }

    [Fact]
    public void Discarding_drops_what_it_holds_and_may_come_twice()
    {
        _builder.Append(new byte[5000]);

        _builder.Discard();
        _builder.Discard();

        Assert.Equal((0, 0), (_builder.Length, _pool.Outstanding));
        _builder.Append([1]);
        Assert.Equal([1], _builder.Take(out _).ToArray());
    }

    [Fact]
    public void What_nobody_announced_is_written_into_free_memory_and_what_it_leaves_of_a_slab_goes_to_the_next()
    {
        for (int i = 0; i < 40; i++)
        {
            Memory<byte> free = _builder.GetFree(1);
            Assert.InRange(free.Length, 320, PayloadAllocator.SlabSize);
            Octets(0, 100).CopyTo(free);
            _builder.Commit(100);
            Assert.Equal(Octets(50, 50), _builder.Since(50));
            Assert.Equal(Octets(0, 100), _builder.Take(out _).ToArray());
        }

        Assert.InRange(_pool.Rents, 1, 2); // 4,000 bytes, in slabs of 4,096 that end with room for no other small payload
    }

    [Fact]
    public void Larger_than_a_small_payload_it_takes_what_the_one_before_took()
    {
        _builder.Append(Octets(0, 50_000));
        _builder.Take(out _);
        int rents = _pool.Rents;

        for (int written = 0; written < 50_000; written += 500)
        {
            _builder.GetFree(500);
            _builder.Commit(500);
        }

        Assert.Equal(rents + 2, _pool.Rents); // a slab, and an array
    }

    [Fact]
    public void Free_memory_that_nothing_was_written_into_leaves_no_owner()
    {
        _builder.GetFree(10);
        Assert.True(_builder.Take(out SharedBuffer? owner).IsEmpty);
        Assert.Null(owner);
    }
}
