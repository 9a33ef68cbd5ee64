namespace Duplex.Tests;

public class SharedBufferTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void The_array_goes_back_when_the_last_reference_is_dropped()
    {
        var buffer = new SharedBuffer(_pool.Rent(10), _pool, references: 4);

        buffer.Release();
        buffer.Release(2);
        Assert.Equal(1, _pool.Outstanding);

        buffer.Release();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void References_may_be_dropped_on_many_threads_at_once()
    {
        for (int round = 0; round < 200; round++)
        {
            var buffer = new SharedBuffer(_pool.Rent(10), _pool, references: 16);

            Parallel.For(0, 16, _ => buffer.Release());

            Assert.Equal(0, _pool.Outstanding);
        }
    }
}
