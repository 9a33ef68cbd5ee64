namespace Duplex.Tests;

public sealed class ReplayResultTests
{
    [Fact]
    public void It_lists_all_mismatches()
    {
        var result = new ReplayResult(3, endedEarly: true, [new ReplayMismatch(1, "a", "b")]);

        Assert.Equal($"3 frames sent, ended early by the client{Environment.NewLine}message 1 of the client: expected a, found b", result.ToString());
        Assert.Equal("0 frames sent", new ReplayResult(0, endedEarly: false, []).ToString());
    }
}
