using System.Runtime.InteropServices;

namespace Duplex.Tests;

public class MaskKeyPoolTests
{
    // Fills with 1, 2, 3, ... and counts the calls.
    private sealed class Counter
    {
        private uint _last;

        public List<int> Calls { get; } = [];

        public void Fill(Span<byte> destination)
        {
            Calls.Add(destination.Length);
            foreach (ref uint key in MemoryMarshal.Cast<byte, uint>(destination))
                key = ++_last;
        }
    }

    [Fact]
    public void A_pool_draws_nothing_until_the_first_key_is_asked_for()
    {
        var counter = new Counter();
        var pool = new MaskKeyPool(counter.Fill);
        Assert.Empty(counter.Calls);

        Assert.Equal(1u, pool.Next());

        Assert.Equal([MaskKeyPool.RefillCount * sizeof(uint)], counter.Calls);
    }

    [Fact]
    public void A_refill_draws_256_keys_and_gives_each_out_once_and_in_order()
    {
        var counter = new Counter();
        var pool = new MaskKeyPool(counter.Fill);

        uint[] keys = [.. Enumerable.Range(0, 3 * 256).Select(_ => pool.Next())];

        Assert.Equal(Enumerable.Range(1, 3 * 256).Select(key => (uint)key), keys);
        Assert.Equal([1024, 1024, 1024], counter.Calls);
    }

    [Fact]
    public void A_key_that_was_given_out_is_no_longer_in_memory()
    {
        // The pool refills the array that it gave keys from: what is left of those shows then.
        uint[] found = [1];
        var pool = new MaskKeyPool(destination =>
        {
            found = MemoryMarshal.Cast<byte, uint>(destination).ToArray();
            destination.Fill(0x5A);
        });
        for (int i = 0; i <= MaskKeyPool.RefillCount; i++)
            Assert.Equal(0x5A5A5A5Au, pool.Next());

        Assert.All(found, key => Assert.Equal(0u, key));
    }

    [Fact]
    public void A_generator_that_fails_costs_no_key_and_gives_none()
    {
        var counter = new Counter();
        bool fails = true;
        var pool = new MaskKeyPool(destination =>
        {
            if (fails)
                throw new InvalidOperationException("no entropy");
            counter.Fill(destination);
        });
        Assert.Throws<InvalidOperationException>(() => pool.Next());
        fails = false;

        Assert.Equal(1u, pool.Next());
    }

    [Fact]
    [KtorParity("weakness/8-leniency")]
    public void By_default_keys_are_random()
    {
        var pool = new MaskKeyPool();

        uint[] keys = [.. Enumerable.Range(0, 1024).Select(_ => pool.Next())];

        // Three equal pairs among 1,024 keys come less than once in ten billion runs; a weak or repeating source shows at once.
        Assert.True(keys.Distinct().Count() >= 1022);
    }

    [Fact]
    public void A_pool_needs_a_source() => Assert.Throws<ArgumentNullException>(() => new MaskKeyPool(null!));
}
