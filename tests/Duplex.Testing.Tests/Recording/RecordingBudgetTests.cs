namespace Duplex.Tests;

public sealed class RecordingBudgetTests
{
    [Fact]
    public void It_gives_what_it_has_and_takes_it_back()
    {
        var budget = new RecordingBudget(10, 1);

        Assert.True(budget.TryTakePayload(7));
        Assert.False(budget.TryTakePayload(4));
        Assert.True(budget.TryTakePayload(3));
        budget.ReturnPayload(2);
        Assert.True(budget.TryTakePayload(2));
        Assert.True(budget.TryTakeFrame());
        Assert.False(budget.TryTakeFrame());
    }
}
