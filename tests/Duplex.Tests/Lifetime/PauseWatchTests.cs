using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class PauseWatchTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider _time = new();
    private PauseWatch _watch;
    private long _lastResume;

    public PauseWatchTests() => _watch = new PauseWatch(_time);

    [Fact]
    public void A_pause_is_told_once_it_has_lasted_for_an_interval_and_only_once()
    {
        Assert.Null(Notice(0));
        Assert.Null(Notice(19));
        Assert.Equal(TimeSpan.FromSeconds(20), Notice(1));
        Assert.Null(Notice(100));
    }

    [Fact]
    public void A_loop_that_goes_on_is_no_pause()
    {
        Assert.Null(Notice(0));
        Assert.Null(Notice(30, isPaused: false));
        Assert.Null(Notice(30));
    }

    [Fact]
    public void Short_pauses_make_no_long_one_though_each_look_finds_one()
    {
        for (int i = 0; i < 10; i++)
        {
            Assert.Null(Notice(15));
            _lastResume = _time.GetTimestamp();
        }
    }

    [Fact]
    public void The_next_pause_is_told_again()
    {
        Notice(0);
        Assert.NotNull(Notice(20));
        _lastResume = _time.GetTimestamp();

        Assert.Null(Notice(1));
        Assert.NotNull(Notice(20));
    }

    [Fact]
    public void Where_any_time_is_allowed_nothing_is_told()
    {
        Assert.Null(_watch.Notice(_time.GetTimestamp(), isPaused: true, _lastResume, Timeout.InfiniteTimeSpan));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Null(_watch.Notice(_time.GetTimestamp(), isPaused: true, _lastResume, Timeout.InfiniteTimeSpan));
    }

    private TimeSpan? Notice(int after, bool isPaused = true)
    {
        _time.Advance(TimeSpan.FromSeconds(after));
        return _watch.Notice(_time.GetTimestamp(), isPaused, _lastResume, Interval);
    }
}
