namespace Duplex.Tests;

public sealed class FreeRunTests
{
    private readonly CloseState _closeState = new();
    private readonly Loop _loop = new();
    private readonly FreeRun _run;

    public FreeRunTests() => _run = new FreeRun(_loop, new FrameQueue(ChannelConfig.DefaultIncoming, _closeState));

    [Fact]
    public void Without_a_consumer_an_end_does_not_wait()
    {
        Assert.True(_run.MayEnd());
        Assert.False(_run.IsOn);
        Assert.False(_run.Finish());
    }

    [Fact]
    public void A_consumer_that_is_done_continues_the_end_that_waits_for_it()
    {
        _run.Begin();
        Assert.Equal((true, false), (_run.IsOn, _run.HoldsEnd));

        Assert.False(_run.MayEnd());
        Assert.True(_run.HoldsEnd);
        Assert.True(_run.Finish());

        Assert.Equal((false, false), (_run.IsOn, _run.HoldsEnd));
        Assert.True(_run.MayEnd());
        _run.StopWaiting();
        Assert.False(_loop.HasRun);
    }

    [Fact]
    public async Task An_end_that_waits_too_long_continues_without_the_consumer()
    {
        _run.Begin();
        Assert.False(_run.MayEnd());

        await Patience.Until(() => _loop.HasRun);

        Assert.False(_run.Finish());
    }

    [Fact]
    public async Task Once_another_end_has_begun_none_waits()
    {
        _run.Begin();
        Assert.False(_run.MayEnd());
        _closeState.TryBegin(CloseCause.Aborted());

        _run.StopWaiting();

        await Patience.Until(() => _loop.HasRun);
        Assert.False(_run.Finish());
        _run.Begin();
        Assert.True(_run.MayEnd());
    }

    [Fact]
    public void Either_the_consumer_or_the_loop_continues_an_end_never_both_or_none()
    {
        for (int i = 0; i < 2000; i++)
        {
            _run.Begin();
            bool byConsumer = false, byLoop = false;
            Parallel.Invoke(() => byConsumer = _run.Finish(), () => byLoop = _run.MayEnd());
            Assert.True(byConsumer ^ byLoop);
        }
    }

    private sealed class Loop : IThreadPoolWorkItem
    {
        private volatile bool _hasRun;

        public bool HasRun => _hasRun;

        public void Execute() => _hasRun = true;
    }
}
