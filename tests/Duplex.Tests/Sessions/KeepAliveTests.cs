using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class KeepAliveTests
{
    private static readonly TimeSpan Off = Timeout.InfiniteTimeSpan;
    private readonly FakeTimeProvider _time = new();
    private long _inbound;
    private long _resume;
    private bool _isPaused;
    private long? _write;
    private ulong _sent;

    public KeepAliveTests() => _inbound = _resume = _time.GetTimestamp();

    [Fact]
    public void A_ping_is_due_an_interval_after_the_last()
    {
        KeepAlive keepAlive = Make(20, 7);

        Assert.Equal((KeepAlive.Action.Wait, Seconds(20)), Advance(keepAlive, 0));
        Assert.Equal((KeepAlive.Action.Wait, Seconds(1)), Advance(keepAlive, 19));
        Assert.Equal((KeepAlive.Action.Ping, Seconds(20)), Advance(keepAlive, 1));
        Assert.Equal((KeepAlive.Action.Wait, Seconds(15)), Advance(keepAlive, 5));
        Assert.Equal(KeepAlive.Action.Ping, Advance(keepAlive, 15).Action);
    }

    [Fact]
    public void The_peer_is_given_up_a_timeout_after_the_ping_was_accepted()
    {
        KeepAlive keepAlive = Make(20, 7);
        Advance(keepAlive, 20);
        _time.Advance(Seconds(3));
        Accept(keepAlive);

        Assert.Equal((KeepAlive.Action.Wait, Seconds(7)), Advance(keepAlive, 0));
        Assert.Equal((KeepAlive.Action.Wait, Seconds(1)), Advance(keepAlive, 6));
        Assert.Equal((KeepAlive.Action.GiveUp, Off), Advance(keepAlive, 1));
    }

    [Fact]
    public void Until_the_ping_is_accepted_no_deadline_runs()
    {
        KeepAlive keepAlive = Make(20, 7);
        Advance(keepAlive, 20);

        Assert.Equal(KeepAlive.Action.Wait, Advance(keepAlive, 19).Action);
    }

    [Fact]
    public void A_pong_ends_the_deadline()
    {
        KeepAlive keepAlive = Make(20, 7);
        PingAndAccept(keepAlive);
        keepAlive.OnPong(_sent);

        Assert.Equal((KeepAlive.Action.Wait, Seconds(10)), Advance(keepAlive, 10));
    }

    [Fact]
    public void A_pong_of_an_earlier_ping_leaves_the_later_ones_deadline()
    {
        KeepAlive keepAlive = Make(interval: 4, timeout: 10);
        PingAndAccept(keepAlive);
        PingAndAccept(keepAlive);
        keepAlive.OnPong(_sent - 1);
        _inbound = _time.GetTimestamp();

        for (int i = 0; i < 2; i++)
            Assert.Equal(KeepAlive.Action.Ping, Advance(keepAlive, 4).Action);
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 2).Action);
    }

    [Fact]
    public void Anything_that_comes_renews_the_deadline()
    {
        KeepAlive keepAlive = Make(20, 7);
        PingAndAccept(keepAlive);
        _time.Advance(Seconds(6));
        _inbound = _time.GetTimestamp();

        Assert.Equal((KeepAlive.Action.Wait, Seconds(1)), Advance(keepAlive, 6));
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 1).Action);
    }

    [Fact]
    public void While_the_loop_is_paused_no_deadline_runs_and_afterwards_it_begins_anew()
    {
        KeepAlive keepAlive = Make(100, 7);
        PingAndAccept(keepAlive);
        _isPaused = true;

        Assert.Equal((KeepAlive.Action.Wait, Seconds(7)), Advance(keepAlive, 50)); // to look again
        _isPaused = false;
        _resume = _time.GetTimestamp();
        Assert.Equal((KeepAlive.Action.Wait, Seconds(1)), Advance(keepAlive, 6));
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 1).Action);
    }

    [Fact]
    public void A_write_that_the_transport_does_not_take_has_a_deadline_too()
    {
        KeepAlive keepAlive = Make(20, 7);
        _time.Advance(Seconds(5));
        _write = _time.GetTimestamp();

        Assert.Equal((KeepAlive.Action.Wait, Seconds(7)), Advance(keepAlive, 0));
        _time.Advance(Seconds(4));
        _inbound = _time.GetTimestamp(); // it sends, so it is alive
        Assert.Equal((KeepAlive.Action.Wait, Seconds(4)), Advance(keepAlive, 3));
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 4).Action);
    }

    [Fact]
    public void Unanswered_pings_do_not_push_the_deadline_of_the_first_away()
    {
        KeepAlive keepAlive = Make(interval: 4, timeout: 10);
        PingAndAccept(keepAlive);
        PingAndAccept(keepAlive);
        PingAndAccept(keepAlive);

        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 2).Action);
    }

    [Fact]
    public void A_ping_that_is_accepted_after_its_pong_came_begins_no_deadline()
    {
        KeepAlive keepAlive = Make(20, 7);
        Advance(keepAlive, 20);
        keepAlive.OnPong(_sent);
        Accept(keepAlive);

        Assert.Equal(KeepAlive.Action.Wait, Advance(keepAlive, 19).Action);
    }

    [Fact]
    public void Without_an_interval_there_is_neither_ping_nor_deadline()
    {
        KeepAlive keepAlive = Make(-1, 7);
        _write = _time.GetTimestamp();

        Assert.Equal((KeepAlive.Action.Wait, Off), Advance(keepAlive, 1000));
    }

    [Fact]
    public void Without_a_timeout_pings_go_on_for_ever()
    {
        KeepAlive keepAlive = Make(20, -1);
        for (int i = 0; i < 5; i++)
        {
            PingAndAccept(keepAlive);
            _write = _time.GetTimestamp();
        }

        Assert.Equal((KeepAlive.Action.Wait, Seconds(1)), Advance(keepAlive, 19));
    }

    [Fact]
    public void A_new_interval_begins_a_new_period_and_turning_it_off_forgets_the_ping()
    {
        KeepAlive keepAlive = Make(20, 7);
        PingAndAccept(keepAlive);
        keepAlive.Interval = Off;
        Assert.Equal((KeepAlive.Action.Wait, Off), Advance(keepAlive, 100));

        keepAlive.Interval = Seconds(3);

        Assert.Equal((KeepAlive.Action.Wait, Seconds(3)), Advance(keepAlive, 0));
        Assert.Equal(KeepAlive.Action.Ping, Advance(keepAlive, 3).Action);
    }

    [Fact]
    public void A_new_timeout_holds_at_once()
    {
        KeepAlive keepAlive = Make(20, 7);
        PingAndAccept(keepAlive);
        keepAlive.Timeout = Seconds(2);

        Assert.Equal((KeepAlive.Action.Wait, Seconds(1)), Advance(keepAlive, 1));
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 1).Action);
    }

    private static TimeSpan Seconds(int seconds) => seconds < 0 ? Off : TimeSpan.FromSeconds(seconds);

    private KeepAlive Make(int interval, int timeout) => new(_time, Seconds(interval), Seconds(timeout));

    private (KeepAlive.Action Action, TimeSpan Next) Advance(KeepAlive keepAlive, int seconds)
    {
        _time.Advance(Seconds(seconds));
        (KeepAlive.Action Action, TimeSpan Next) result = keepAlive.Advance(_time.GetTimestamp(), new KeepAlive.Sighting(_inbound, _resume, _isPaused, _write));
        if (result.Action == KeepAlive.Action.Ping)
            keepAlive.OnPingSent(++_sent);
        return result;
    }

    private void Accept(KeepAlive keepAlive) => keepAlive.OnPingAccepted(_sent, _time.GetTimestamp());

    private void PingAndAccept(KeepAlive keepAlive)
    {
        Assert.Equal(KeepAlive.Action.Ping, Advance(keepAlive, (int)keepAlive.Interval.TotalSeconds).Action);
        Accept(keepAlive);
    }
}
