namespace Duplex.Tests;

public class PayloadAllocatorTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void Small_payloads_lie_side_by_side_in_one_slab()
    {
        var allocator = new PayloadAllocator(_pool);

        Memory<byte> first = allocator.Allocate(10, out SharedBuffer firstOwner);
        Memory<byte> second = allocator.Allocate(20, out SharedBuffer secondOwner);

        Assert.Same(firstOwner, secondOwner);
        Assert.Equal((10, 20), (first.Length, second.Length));
        Assert.True(first.Span == firstOwner.Array.AsSpan(0, 10));
        Assert.True(second.Span == firstOwner.Array.AsSpan(10, 20));
    }

    [Fact]
    public void A_slab_is_filled_to_its_end_and_then_replaced()
    {
        var allocator = new PayloadAllocator(_pool);
        var owners = new HashSet<SharedBuffer>();
        for (int i = 0; i < 4; i++)
        {
            allocator.Allocate(1024, out SharedBuffer owner);
            owners.Add(owner);
        }

        Assert.Single(owners);
        allocator.Allocate(1, out SharedBuffer next);
        Assert.DoesNotContain(next, owners);
        Assert.Equal(2, _pool.Rents);
    }

    [Fact]
    public void A_slab_goes_back_when_it_is_full_and_all_its_payloads_are_released()
    {
        var allocator = new PayloadAllocator(_pool);
        SharedBuffer[] owners = [.. Enumerable.Range(0, 4).Select(_ =>
        {
            allocator.Allocate(1024, out SharedBuffer owner);
            return owner;
        })];
        foreach (SharedBuffer owner in owners)
            owner.Release();
        Assert.Equal(1, _pool.Outstanding); // still the allocator's

        allocator.Trim();

        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void A_larger_payload_has_an_array_of_its_own()
    {
        var allocator = new PayloadAllocator(_pool);
        allocator.Allocate(10, out SharedBuffer small);

        Memory<byte> memory = allocator.Allocate(PayloadAllocator.SmallPayload + 1, out SharedBuffer large);

        Assert.NotSame(small, large);
        Assert.True(memory.Span == large.Array.AsSpan());
        large.Release();
        Assert.Equal(1, _pool.Outstanding);
    }

    [Fact]
    public void After_a_trim_what_was_given_out_stays_and_the_next_slab_is_a_new_one()
    {
        var allocator = new PayloadAllocator(_pool);
        Memory<byte> kept = allocator.Allocate(3, out SharedBuffer owner);
        kept.Span.Fill(5);

        allocator.Trim();
        allocator.Trim();
        allocator.Allocate(3, out SharedBuffer next);

        Assert.NotSame(owner, next);
        Assert.Equal([5, 5, 5], kept.ToArray());
        owner.Release();
        Assert.Equal(1, _pool.Outstanding);
    }

    [Fact]
    public void Nothing_is_rented_before_the_first_payload()
    {
        new PayloadAllocator(_pool).Trim();

        Assert.Equal(0, _pool.Rents);
    }

    [Fact]
    public void What_ends_the_slab_in_use_can_be_given_back()
    {
        var allocator = new PayloadAllocator(_pool);
        ArraySegment<byte> first = allocator.Allocate(1000, out SharedBuffer owner);
        Assert.True(allocator.TryGiveBack(owner, first, used: 10));
        Assert.Equal(10, allocator.Allocate(500, out _).Offset);

        Assert.False(allocator.TryGiveBack(owner, first, used: 5)); // another lies behind it
        ArraySegment<byte> large = allocator.Allocate(5000, out SharedBuffer own);
        Assert.False(allocator.TryGiveBack(own, large, used: 1));
    }

    [Fact]
    public void What_is_left_of_a_slab_is_given_as_long_as_it_is_enough()
    {
        var allocator = new PayloadAllocator(_pool);
        allocator.Allocate(1000, out SharedBuffer first);

        ArraySegment<byte> rest = allocator.AllocateRest(3000, out SharedBuffer owner);
        Assert.Equal((first, 1000, 3096), (owner, rest.Offset, rest.Count));
        Assert.True(allocator.TryGiveBack(owner, rest, used: 97));
        ArraySegment<byte> next = allocator.AllocateRest(3000, out SharedBuffer other);

        Assert.NotSame(owner, other);
        Assert.Equal((0, PayloadAllocator.SlabSize), (next.Offset, next.Count));
    }
}
