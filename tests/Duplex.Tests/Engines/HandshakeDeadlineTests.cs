namespace Duplex.Tests;

public sealed class HandshakeDeadlineTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TestClock _time = new();
    private readonly List<Action> _queued = [];

    [Fact]
    public void Its_token_fires_when_the_time_is_over_and_when_it_is_ended()
    {
        using HandshakeDeadline timely = Deadline(), ended = Deadline();
        ended.End();
        _time.Advance(TimeSpan.FromSeconds(14.9));
        Assert.Equal((false, true), (timely.Token.IsCancellationRequested, ended.Token.IsCancellationRequested));

        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.True(timely.Token.IsCancellationRequested);
        Assert.True(HandshakeDeadline.Over.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task A_pool_that_runs_what_is_queued_in_time_is_not_late()
    {
        using HandshakeDeadline deadline = Deadline();
        _time.Advance(TimeSpan.FromSeconds(15));

        Task<TimeSpan?> measuring = deadline.LatenessAsync();
        await _time.Armed(Second);
        _time.Advance(Second / 2);
        Assert.Single(_queued)();

        Assert.Null(await measuring.Soon());
    }

    [Fact]
    public async Task A_pool_that_does_not_run_it_for_a_second_is_late_by_as_much()
    {
        using HandshakeDeadline deadline = Deadline();
        _time.Advance(TimeSpan.FromSeconds(15));

        Task<TimeSpan?> measuring = deadline.LatenessAsync();
        await _time.Pass(Second);

        Assert.Equal(Second, await measuring.Soon());
        Assert.Single(_queued)(); // it may still run
    }

    [Fact]
    public async Task One_that_fired_late_says_by_how_much_and_asks_no_pool()
    {
        var clock = new LateClock();
        using var deadline = new HandshakeDeadline(TimeSpan.FromSeconds(15), clock, _queued.Add);
        clock.Fire(after: TimeSpan.FromSeconds(18));
        Assert.False(deadline.Token.IsCancellationRequested); // the answer may have come meanwhile: a second to read it
        clock.Fire(after: Second);

        Assert.True(deadline.Token.IsCancellationRequested);
        Assert.Equal(TimeSpan.FromSeconds(4), await deadline.LatenessAsync().Soon());
        Assert.Empty(_queued);
    }

    [Fact]
    public async Task One_that_fired_in_time_is_not_late_because_somebody_asks_again_much_later()
    {
        using var deadline = new HandshakeDeadline(TimeSpan.FromSeconds(15), _time, act => act());
        _time.Advance(TimeSpan.FromSeconds(15));
        _time.Advance(TimeSpan.FromMinutes(1)); // a handler above takes its time before it tries again

        Assert.Null(await deadline.LatenessAsync().Soon());
    }

    [Fact]
    public async Task One_that_never_fires_is_late_only_by_the_pool()
    {
        using var deadline = new HandshakeDeadline(Timeout.InfiniteTimeSpan, _time, act => act());
        _time.Advance(TimeSpan.FromDays(1));

        Assert.Null(await deadline.LatenessAsync().Soon());
    }

    [Fact]
    public async Task The_threads_of_this_process_are_not_late()
    {
        using var deadline = new HandshakeDeadline(TimeSpan.FromSeconds(15), _time);

        Assert.Null(await deadline.LatenessAsync().Soon());
    }

    private HandshakeDeadline Deadline() => new(TimeSpan.FromSeconds(15), _time, _queued.Add);

    /// <summary>A clock whose timers fire when it is told, as those of a process that was suspended.</summary>
    private sealed class LateClock : TimeProvider
    {
        private readonly List<(TimerCallback Callback, object? State)> _timers = [];
        private TimeSpan _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public void Fire(TimeSpan after)
        {
            _now += after;
            _timers.ForEach(timer => timer.Callback(timer.State));
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Add((callback, state));
            return new Timer(_ => { });
        }
    }
}
