namespace Duplex.Tests;

public sealed class FeedSendOptionsTests
{
    [Fact]
    public void The_default_waits_and_a_choice_of_connection_does_not()
    {
        Assert.True(default(FeedSendOptions).Waits);
        Assert.True(new FeedSendOptions { TimeToLive = TimeSpan.FromSeconds(1) }.Waits);
        Assert.False(FeedSendOptions.Now.Waits);
        Assert.False(new FeedSendOptions { OnlyEpoch = 1 }.Waits);
    }
}
