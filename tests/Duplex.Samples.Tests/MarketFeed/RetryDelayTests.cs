using MarketFeed;

namespace Duplex.Tests;

/// <summary>How long the sample waits between two attempts.</summary>
public sealed class RetryDelayTests
{
    [Fact]
    public void It_doubles_up_to_the_longest_and_a_random_part_is_taken_off()
    {
        var delay = new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), new Random(7));

        foreach (double full in (double[])[1, 2, 4, 8, 10, 10])
            Assert.InRange(delay.Next().TotalSeconds, full / 2, full);
    }

    [Fact]
    public void After_a_success_it_begins_again()
    {
        var delay = new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        delay.Next();
        delay.Next();

        delay.Reset();

        Assert.InRange(delay.Next().TotalSeconds, 0.5, 1);
    }

    [Fact]
    public void A_thousand_attempts_later_it_is_still_the_longest()
    {
        var delay = new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        for (int i = 0; i < 2000; i++)
            delay.Next();

        Assert.InRange(delay.Next().TotalSeconds, 5, 10);
    }

    [Fact]
    public void Two_clients_do_not_come_back_together()
    {
        var one = new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), new Random(1));
        var other = new RetryDelay(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), new Random(2));

        Assert.NotEqual(one.Next(), other.Next());
    }
}
