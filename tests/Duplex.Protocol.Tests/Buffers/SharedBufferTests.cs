namespace Duplex.Tests;

public class SharedBufferTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public void The_array_goes_back_when_the_last_reference_is_dropped()
    {
        var buffer = new SharedBuffer(_pool.Rent(10), _pool);
        buffer.AddReference();
        buffer.AddReference();

        buffer.Release();
        buffer.Release();
        Assert.Equal(1, _pool.Outstanding);

        buffer.Release();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void References_may_be_dropped_on_many_threads_at_once()
    {
        for (int round = 0; round < 200; round++)
        {
            var buffer = new SharedBuffer(_pool.Rent(10), _pool);
            for (int i = 1; i < 16; i++)
                buffer.AddReference();

            Parallel.For(0, 16, _ => buffer.Release());

            Assert.Equal(0, _pool.Outstanding);
        }
    }
}
