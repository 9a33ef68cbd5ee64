namespace Duplex.Tests;

public sealed class ReplayMismatchTests
{
    [Fact]
    public void It_says_what_differs() =>
        Assert.Equal("message 2 of the client: expected \"a\", found \"b\"", new ReplayMismatch(2, "\"a\"", "\"b\"").ToString());
}
