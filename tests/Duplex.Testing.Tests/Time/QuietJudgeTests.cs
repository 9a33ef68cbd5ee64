namespace Duplex.Tests;

public sealed class QuietJudgeTests
{
    private readonly QuietJudge _judge = new();

    [Fact]
    public void An_idle_pool_is_quiet_after_several_looks()
    {
        for (int i = 1; i < QuietJudge.QuietLooks; i++)
            Assert.Equal(QuietJudge.Verdict.LookAgain, Look());
        Assert.Equal(QuietJudge.Verdict.Quiet, Look());
    }

    [Fact]
    public void A_work_item_that_ends_between_looks_starts_them_again()
    {
        Look(completed: 1);
        Look(completed: 1);
        Assert.Equal(QuietJudge.Verdict.LookAgain, Look(completed: 2));
        Assert.Equal(QuietJudge.Verdict.LookAgain, Look(completed: 2));
        Assert.Equal(QuietJudge.Verdict.Quiet, Look(completed: 2));
    }

    [Fact]
    public void Looks_of_an_earlier_wait_do_not_count()
    {
        Look();
        Look();
        _judge.Begin();
        Assert.Equal(QuietJudge.Verdict.LookAgain, Look());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 3)]
    public void A_pool_with_pending_work_is_not_quiet_and_needs_the_thread(long pending, int working)
    {
        for (int i = 0; i < 1000; i++)
            Assert.Equal(QuietJudge.Verdict.GiveWay, Look(pending, working, ms: 10 * i));
    }

    [Fact]
    public void A_working_thread_is_waited_for_until_it_must_be_blocked()
    {
        int ms = 0;
        for (; ms <= 500; ms += 10)
            Assert.Equal(QuietJudge.Verdict.Busy, Look(working: 2, ms: ms));
        Assert.Equal(1, _judge.Others);

        for (int i = 1; i < QuietJudge.QuietLooksBesideOthers; i++)
            Assert.Equal(QuietJudge.Verdict.LookAgain, Look(working: 2, ms: ms));
        Assert.Equal(QuietJudge.Verdict.Quiet, Look(working: 2, ms: ms));

        // A further thread works.
        Assert.Equal(QuietJudge.Verdict.Busy, Look(working: 3, ms: ms));

        // The blocked one has gone: the next one that works is waited for again.
        Assert.Equal(QuietJudge.Verdict.LookAgain, Look(working: 1, ms: ms));
        Assert.Equal(0, _judge.Others);
        Assert.Equal(QuietJudge.Verdict.Busy, Look(working: 2, ms: ms));
    }

    [Fact]
    public void A_process_that_stood_still_is_no_proof_of_a_blocked_thread()
    {
        Look(working: 2, ms: 0);
        Look(working: 2, ms: 10_000);
        Assert.Equal(0, _judge.Others);
    }

    [Fact]
    public void Threads_that_come_and_go_beside_a_blocked_one_are_waited_for()
    {
        for (int i = 0; i <= 500; i++)
            Assert.Equal(QuietJudge.Verdict.Busy, Look(working: 3 - (i % 2), ms: i));
        Assert.Equal(1, _judge.Others);
        Assert.Equal(QuietJudge.Verdict.Busy, Look(working: 3, ms: 600));
        Assert.Equal(QuietJudge.Verdict.LookAgain, Look(working: 2, ms: 600));
    }

    [Fact]
    public void A_thread_that_keeps_ending_work_is_never_quiet()
    {
        for (int i = 0; i < 5000; i++)
            Assert.NotEqual(QuietJudge.Verdict.Quiet, Look(working: 2, completed: i, ms: i));
    }

    private QuietJudge.Verdict Look(long pending = 0, int working = 1, long completed = 0, int ms = 0) =>
        _judge.Judge(new PoolSnapshot(pending, working, completed), TimeSpan.FromMilliseconds(ms));
}
