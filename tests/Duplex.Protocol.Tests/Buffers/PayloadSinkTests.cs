namespace Duplex.Tests;

/// <summary>What every sink promises; what differs is in the tests of each.</summary>
public class PayloadSinkTests
{
    private readonly CountingPool _pool = new();

    [Theory, InlineData(true), InlineData(false)]
    public void What_was_committed_is_held_and_what_was_truncated_is_not(bool ofPieces)
    {
        PayloadSink sink = New(ofPieces);
        sink.Append("ab"u8);
        "cdef"u8.CopyTo(sink.GetFree(4).Span);
        sink.Commit(4);
        sink.Truncate(5);

        Assert.Equal(5, sink.Length);
        Assert.Equal("cde"u8, sink.Since(2));
        Assert.Equal("abcde"u8, sink.Take(out SharedBuffer? owner).Span);
        Assert.Equal(0, sink.Length);
        owner!.Release();
        AssertNothingLeft(sink);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_whole_payload_is_given_away_as_a_copy_and_the_next_is_another(bool ofPieces)
    {
        PayloadSink sink = New(ofPieces);
        byte[] payload = [1, 2, 3];

        SharedBuffer first = sink.TakeWhole(payload, out int at);
        payload[0] = 9;
        SharedBuffer second = sink.TakeWhole(payload, out int then);

        Assert.Equal([1, 2, 3], first.Array.AsSpan(at, 3).ToArray());
        Assert.Equal([9, 2, 3], second.Array.AsSpan(then, 3).ToArray());
        Assert.Equal(0, sink.Length);
        first.Release();
        second.Release();
        AssertNothingLeft(sink);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Bytes_that_were_read_into_its_tail_are_not_copied(bool ofPieces)
    {
        PayloadSink sink = New(ofPieces);
        sink.Expect(100, final: true);
        Memory<byte> tail = sink.GetTail(100);
        tail.Span.Fill(7);

        sink.Append(tail.Span);

        ReadOnlyMemory<byte> taken = sink.Take(out SharedBuffer? owner);
        Assert.True(taken.Span.Overlaps(tail.Span, out int offset));
        Assert.Equal(0, offset);
        owner!.Release();
        AssertNothingLeft(sink);
    }

    private readonly List<PayloadAllocator> _allocators = [];

    private PayloadSink New(bool ofPieces)
    {
        _allocators.Add(new PayloadAllocator(_pool));
        return ofPieces ? new PieceSink(_pool) : new MessageSink(_allocators[^1]);
    }

    private void AssertNothingLeft(PayloadSink sink)
    {
        sink.Trim();
        sink.Discard();
        _allocators.ForEach(allocator => allocator.Trim());
        Assert.Equal(0, _pool.Outstanding);
    }
}
