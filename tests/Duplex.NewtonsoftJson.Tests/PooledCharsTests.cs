namespace Duplex.Tests;

public sealed class PooledCharsTests
{
    [Fact]
    public void What_is_returned_is_rented_again()
    {
        char[] array = PooledChars.Instance.Rent(1000);
        PooledChars.Instance.Return(array);
        PooledChars.Instance.Return(null); // the library may have rented nothing

        Assert.InRange(array.Length, 1000, int.MaxValue);
        Assert.Same(array, PooledChars.Instance.Rent(1000)); // the platform's pool keeps one for each thread
        PooledChars.Instance.Return(array);
    }
}
