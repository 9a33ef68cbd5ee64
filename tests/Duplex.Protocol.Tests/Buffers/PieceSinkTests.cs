namespace Duplex.Tests;

public sealed class PieceSinkTests : IDisposable
{
    private readonly CountingPool _pool = new();
    private readonly PieceSink _builder;
    private readonly List<SharedBuffer> _owners = [];

    public PieceSinkTests() => _builder = new PieceSink(_pool);

    public void Dispose()
    {
        _builder.Discard();
        foreach (SharedBuffer owner in _owners)
            owner.Release();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void Pieces_lie_one_behind_the_other_in_one_array_and_keep_their_bytes()
    {
        var pieces = new List<ReadOnlyMemory<byte>>();
        for (int i = 0; i < 1000; i++)
        {
            _builder.Append([(byte)i, (byte)(i >> 8)]);
            pieces.Add(Take());
        }

        for (int i = 0; i < pieces.Count; i++)
            Assert.Equal([(byte)i, (byte)(i >> 8)], pieces[i].ToArray());
        Assert.Equal(1, _pool.Rents);
    }

    [Fact]
    public void What_was_appended_is_one_piece()
    {
        _builder.Append([1, 2]);
        _builder.Append([]);
        _builder.Append([3]);

        Assert.Equal(3, _builder.Length);
        Assert.Equal([1, 2, 3], Take().ToArray());
        Assert.Equal(0, _builder.Length);
    }

    [Fact]
    public void Small_pieces_do_not_lie_in_an_array_that_one_batch_made_large()
    {
        _ = _builder.GetFree(10 * PieceSink.SlabSize);
        _builder.Commit(6 * PieceSink.SlabSize);
        Take();

        _builder.Append([1]);
        Take();

        Assert.Equal(2, _pool.Rents);
    }

    [Fact]
    public void What_is_cut_off_is_not_handed_on()
    {
        _builder.Append([1, 2, 3]);
        _builder.Truncate(1);

        Assert.Equal([1], Take().ToArray());
    }

    [Fact]
    public void Nothing_has_no_owner_and_takes_no_memory()
    {
        Assert.True(_builder.Take(out SharedBuffer? owner).IsEmpty);
        Assert.Null(owner);
        Assert.Equal(0, _pool.Rents);
    }

    [Fact]
    public void A_piece_that_outgrows_its_array_moves_and_the_pieces_before_it_stay()
    {
        _builder.Append(Octets(0, 4000));
        ReadOnlyMemory<byte> first = Take();
        _builder.Append(Octets(1, 90));

        _builder.Append(Octets(91, 5000));

        Assert.Equal(Octets(1, 5090), Take().ToArray());
        Assert.Equal(Octets(0, 4000), first.ToArray());
        Assert.Equal(2, _pool.Rents);
    }

    [Fact]
    public void An_array_goes_back_with_its_last_piece_and_at_once_when_it_is_full()
    {
        _builder.Expect(PieceSink.SlabSize, final: false);
        _builder.Append(new byte[PieceSink.SlabSize - 1]);
        _builder.Take(out SharedBuffer? first);
        _builder.Append(new byte[1]);
        _builder.Take(out SharedBuffer? second);
        Assert.Equal(1, _pool.Outstanding);

        first!.Release();
        Assert.Equal(1, _pool.Outstanding);
        second!.Release();

        Assert.Equal(0, _pool.Outstanding); // the builder keeps no full one
    }

    [Fact]
    public void A_huge_announcement_reserves_no_more_than_one_read()
    {
        _builder.Expect(1L << 40, final: false);

        Assert.Equal(PieceSink.SlabSize, _builder.GetTail(1L << 40).Length);

        Assert.Equal(PieceSink.SlabSize, _pool.PeakBytes);
    }

    [Fact]
    public void Bytes_that_lie_in_the_tail_are_taken_over_without_a_copy()
    {
        _builder.Expect(100_000, final: false);
        _builder.Append([9]);
        Span<byte> tail = _builder.GetTail(50).Span;
        tail.Fill(7);

        _builder.Append(tail[..30]);
        _builder.Append(tail[30..]);

        ReadOnlyMemory<byte> piece = Take();
        Assert.True(piece.Span[1..] == tail);
    }

    [Fact]
    public void The_tail_is_never_less_than_a_page_but_where_less_is_asked_for()
    {
        _builder.Expect(PieceSink.SlabSize, final: false);
        _builder.Append(new byte[PieceSink.SlabSize - 100]);
        Take();
        Assert.Equal(100, _builder.GetTail(100).Length);
        Assert.Equal(1, _pool.Rents);

        Assert.InRange(_builder.GetTail(101).Length, 101, 101);
        Assert.Equal(2, _pool.Rents);
    }

    [Fact]
    public void Little_traffic_takes_a_page_and_more_of_it_larger_arrays_until_it_falls_silent()
    {
        _builder.Append(new byte[1]);
        Assert.Equal(PieceSink.SmallSlab, _pool.OutstandingBytes);
        Release();
        for (int i = 0; i < 40; i++)
        {
            _builder.Append(new byte[3000]);
            Release();
        }

        Assert.Equal(PieceSink.SlabSize, _pool.OutstandingBytes);

        _builder.Trim();

        Assert.Equal(0, _pool.Outstanding);
        _builder.Append(new byte[1]);
        Assert.Equal(PieceSink.SmallSlab, _pool.OutstandingBytes);
    }

    [Fact]
    public void Trimming_keeps_what_was_not_taken_and_discarding_drops_it()
    {
        _builder.Append([1]);
        _builder.Trim();
        Assert.Equal([1], Take().ToArray());

        _builder.Append([2]);
        _builder.Discard();
        _builder.Discard();

        Assert.Equal(0, _builder.Length);
    }

    private static byte[] Octets(int from, int count) => [.. Enumerable.Range(from, count).Select(i => (byte)i)];

    private ReadOnlyMemory<byte> Take()
    {
        ReadOnlyMemory<byte> piece = _builder.Take(out SharedBuffer? owner);
        _owners.Add(owner!);
        return piece;
    }

    private void Release()
    {
        _builder.Take(out SharedBuffer? owner);
        owner!.Release();
    }
}
