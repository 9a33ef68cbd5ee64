using System.Diagnostics;

namespace Duplex.Tests;

public sealed class FreeRunTests
{
    private readonly CloseState _closeState = new();
    private readonly Loop _loop = new();
    private readonly FreeRun _run;

    public FreeRunTests() => _run = NewRun();

    [Fact]
    public void Without_a_consumer_an_end_does_not_wait()
    {
        Assert.True(_run.MayEnd());
        Assert.False(_run.IsOn);
        _run.StopWaiting();
        _run.OnContinue();
        Assert.False(_loop.HasRun);
    }

    [Fact]
    public void A_consumer_that_is_done_continues_the_end_that_waits_for_it()
    {
        _run.Begin();
        Assert.Equal((true, false), (_run.IsOn, _run.HoldsEnd));

        Assert.True(_run.Run(new Consumer(() =>
        {
            Assert.False(_run.MayEnd());
            Assert.True(_run.HoldsEnd);
        })));

        Assert.True(_run.HoldsEnd); // until the loop has noted the time
        _run.OnContinue();
        Assert.Equal((false, false), (_run.IsOn, _run.HoldsEnd));
        Assert.True(_run.MayEnd());
        _run.StopWaiting();
        Assert.False(_loop.HasRun);
    }

    [Fact]
    public void After_a_consumer_whose_session_goes_on_the_loop_has_another()
    {
        for (int i = 0; i < 2; i++)
        {
            _run.Begin();
            Assert.False(_run.Run(new Consumer(() => Assert.True(_run.IsOn))));
            Assert.False(_run.IsOn);
        }

        Assert.True(_run.MayEnd());
    }

    [Fact]
    public async Task An_end_that_waits_too_long_continues_without_the_consumer()
    {
        _run.Begin();
        Assert.False(_run.MayEnd());

        await Patience.Until(() => _loop.HasRun);

        Assert.True(_run.HoldsEnd);
        _run.OnContinue();
        Assert.False(_run.Run(new Consumer(() => { })));
    }

    [Fact]
    public async Task An_end_does_not_wait_for_a_consumer_that_has_kept_its_thread_for_long()
    {
        long began = Stopwatch.GetTimestamp();
        _run.Begin();
        await Patience.Until(() => Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(0.5));

        Assert.True(_run.MayEnd());
    }

    [Fact]
    public async Task Once_another_end_has_begun_none_waits()
    {
        _run.Begin();
        Assert.False(_run.MayEnd());
        _closeState.TryBegin(CloseCause.Aborted());

        _run.StopWaiting();

        await Patience.Until(() => _loop.HasRun);
        _run.OnContinue();
        Assert.False(_run.Run(new Consumer(() => { })));
        _run.Begin();
        Assert.True(_run.MayEnd());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task No_end_waits_for_a_consumer_that_waits_for_the_loop(bool endFirst)
    {
        _run.Begin();
        Assert.False(_run.Run(new Consumer(() =>
        {
            if (endFirst)
                Assert.False(_run.MayEnd());
            _run.Yield();
            if (!endFirst)
                Assert.True(_run.MayEnd());
        })));

        await Patience.Until(() => _loop.HasRun == endFirst);
        _run.OnContinue();
        Assert.False(_run.IsOn);
    }

    [Fact]
    public void A_consumer_that_waits_for_another_loop_yields_only_its_own()
    {
        FreeRun other = NewRun();
        _run.Begin();
        other.Begin();

        Assert.False(_run.Run(new Consumer(() =>
        {
            other.Yield();
            Assert.False(other.Run(new Consumer(() => _run.Yield()))); // on the pool: this thread has a consumer already
            Assert.True(_run.IsOn);
        })));

        Assert.False(_run.IsOn);
        Assert.False(other.IsOn);
        _run.Yield(); // by a thread that runs no consumer
    }

    [Fact]
    public void Either_the_consumer_or_the_loop_continues_an_end_never_both_or_none()
    {
        for (int i = 0; i < 2000; i++)
        {
            FreeRun run = NewRun();
            run.Begin();
            bool byConsumer = false, byLoop = false;
            Parallel.Invoke(() => byConsumer = run.Run(new Consumer(() => { })), () => byLoop = run.MayEnd());
            Assert.True(byConsumer ^ byLoop);
        }
    }

    private FreeRun NewRun() => new(_loop, new FrameQueue(ChannelConfig.DefaultIncoming, _closeState));

    private sealed class Loop : IThreadPoolWorkItem
    {
        private volatile bool _hasRun;

        public bool HasRun => _hasRun;

        public void Execute() => _hasRun = true;
    }

    private sealed class Consumer(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }
}
