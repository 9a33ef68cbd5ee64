using CsCheck;
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

        Assert.Equal((KeepAlive.Action.Wait, Seconds(5)), Advance(keepAlive, 0)); // a look before the deadline: see LateTick
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

        Assert.Equal((KeepAlive.Action.Wait, Seconds(5)), Advance(keepAlive, 0));
        _time.Advance(Seconds(4));
        _inbound = _time.GetTimestamp(); // it sends, so it is alive
        Assert.Equal((KeepAlive.Action.Wait, Seconds(4)), Advance(keepAlive, 1));
        Assert.Equal((KeepAlive.Action.Wait, Seconds(2)), Advance(keepAlive, 4));
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 2).Action);
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
    [KtorParity("weakness/4-pings")]
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
    public void A_new_interval_leaves_the_deadline_of_the_ping_before()
    {
        KeepAlive keepAlive = Make(20, 7);
        PingAndAccept(keepAlive);
        keepAlive.Interval = Seconds(30);

        Advance(keepAlive, 6);
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 1).Action);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_where_it_is_asked_for_bytes_that_come_put_the_next_ping_off(bool onlyWhenIdle)
    {
        var keepAlive = new KeepAlive(_time, Seconds(20), Seconds(7), onlyWhenIdle);
        _time.Advance(Seconds(15));
        _inbound = _time.GetTimestamp();

        Assert.Equal(onlyWhenIdle ? (KeepAlive.Action.Wait, Seconds(15)) : (KeepAlive.Action.Ping, Seconds(20)), Advance(keepAlive, 5));
        Assert.Equal(onlyWhenIdle ? (KeepAlive.Action.Ping, Seconds(20)) : (KeepAlive.Action.Wait, Seconds(5)), Advance(keepAlive, 15));

        // Since then nothing came: the last ping counts.
        Assert.Equal(onlyWhenIdle ? (KeepAlive.Action.Wait, Seconds(15)) : (KeepAlive.Action.Ping, Seconds(20)), Advance(keepAlive, 5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_an_accepted_ping_and_a_pending_write_the_first_has_the_deadline(bool pingFirst)
    {
        KeepAlive keepAlive = Make(interval: 20, timeout: 7);
        Advance(keepAlive, 20);
        if (pingFirst)
            Accept(keepAlive);
        else
            _write = _time.GetTimestamp();
        _time.Advance(Seconds(3));
        if (pingFirst)
            _write = _time.GetTimestamp();
        else
            Accept(keepAlive);

        Assert.Equal(KeepAlive.Action.Wait, Advance(keepAlive, 3).Action);
        Assert.Equal(KeepAlive.Action.GiveUp, Advance(keepAlive, 1).Action);
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

    // The process runs and stands still in turns; ticks come as late as they like; the peer answers each ping within half of the timeout. What came while nothing ran is read
    // within the tolerance, so that a tick may look first.
    [Fact]
    public void Whatever_stops_and_however_late_the_ticks_a_peer_that_answers_is_never_given_up() => Gen.Select(
        Gen.Int[50, 30_000], Gen.Int[50, 30_000], Gen.Double[0, 0.5], Gen.Double[0, 0.99], Gen.Double[0, 1.5].Array[1, 20], Gen.Select(Gen.Double[0, 2], Gen.Double[0, 3]).Array[1, 10])
        .Sample((interval, timeout, answer, turn, delays, turns) =>
        {
            double tolerance = LateTick.Tolerance(TimeSpan.FromMilliseconds(timeout)).TotalMilliseconds;
            var stops = new List<(double From, double To)>();
            double at = 0;
            foreach ((double run, double stop) in turns)
            {
                double from = at + tolerance + (run * timeout);
                at = from + (stop * timeout);
                stops.Add((from, at));
            }

            var simulation = new Simulation(interval, timeout, answer * timeout, turn * tolerance, delays, stops);
            while (simulation.Now < at + (3 * timeout))
                Assert.NotEqual(KeepAlive.Action.GiveUp, simulation.Step());
        });

    [Fact]
    public void Timely_ticks_give_a_silent_peer_up_on_time() =>
        Gen.Select(Gen.Int[50, 30_000], Gen.Int[50, 30_000], Gen.Double[0, 0.99].Array[1, 20]).Sample((interval, timeout, delays) =>
        {
            double tolerance = LateTick.Tolerance(TimeSpan.FromMilliseconds(timeout)).TotalMilliseconds;
            var simulation = new Simulation(interval, timeout, double.PositiveInfinity, 0, [.. delays.Select(delay => delay * tolerance / timeout)], []);
            while (simulation.Step() != KeepAlive.Action.GiveUp)
                Assert.True(simulation.FirstPing is not { } ping || simulation.Now < ping + timeout, "It was not given up by the first tick behind the deadline.");
            Assert.True(simulation.Now >= simulation.FirstPing + timeout);
        });

    [Fact]
    public void Where_every_tick_is_late_a_silent_peer_is_given_up_all_the_same() =>
        Gen.Select(Gen.Int[50, 30_000], Gen.Int[50, 30_000], Gen.Double[0.3, 3].Array[1, 20]).Sample((interval, timeout, delays) =>
        {
            var simulation = new Simulation(interval, timeout, double.PositiveInfinity, 0, delays, []);
            int behind = 0;
            while (simulation.Step() != KeepAlive.Action.GiveUp)
                Assert.True(simulation.FirstPing is not { } ping || simulation.Now < ping + timeout || ++behind <= 3, "It was granted time again and again.");
        });

    [Fact]
    public void A_stop_during_a_write_that_pends_is_not_held_against_the_peer()
    {
        KeepAlive keepAlive = Make(20, 7);
        _write = _time.GetTimestamp();
        Advance(keepAlive, 0);

        Assert.Equal((KeepAlive.Action.Ping, Seconds(1)), Advance(keepAlive, 60));
        _write = null; // what the transport took meanwhile is seen

        Assert.Equal(KeepAlive.Action.Wait, Advance(keepAlive, 1).Action);
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

    /// <summary>A session's time, in milliseconds: its ticks, its peer's pongs, and the stops in which neither is noticed.</summary>
    /// <param name="interval">Of the pings.</param>
    /// <param name="timeout">For their pongs.</param>
    /// <param name="answer">How long the peer takes to answer.</param>
    /// <param name="turn">How long after a stop what came in it is read.</param>
    /// <param name="delays">How late the ticks come, in turns, as parts of the timeout.</param>
    /// <param name="stops">When nothing runs.</param>
    private sealed class Simulation(double interval, double timeout, double answer, double turn, double[] delays, List<(double From, double To)> stops)
    {
        private readonly FakeTimeProvider _time = new();
        private readonly KeepAlive _keepAlive = new(new FakeTimeProvider(), TimeSpan.FromMilliseconds(interval), TimeSpan.FromMilliseconds(timeout));
        private readonly Queue<(ulong Ping, double Read)> _pongs = [];
        private double _tick = interval;
        private int _ticks;
        private ulong _sent;
        private double _inbound;

        public double Now { get; private set; }

        public double? FirstPing { get; private set; }

        /// <summary>The next thing that happens; of two at once, the tick.</summary>
        public KeepAlive.Action Step()
        {
            if (_pongs.TryPeek(out (ulong Ping, double Read) pong) && pong.Read < _tick)
            {
                _pongs.Dequeue();
                Now = _inbound = pong.Read;
                _keepAlive.OnPong(pong.Ping);
                return KeepAlive.Action.Wait;
            }

            Now = _tick;
            (KeepAlive.Action action, TimeSpan next) = Tick();
            if (action == KeepAlive.Action.Ping)
            {
                _keepAlive.OnPingSent(++_sent);
                _keepAlive.OnPingAccepted(_sent, At(Now));
                FirstPing ??= Now;
                _pongs.Enqueue((_sent, IsStopped(Now + answer) is { } until ? until + turn : Now + answer));
                (action, next) = Tick();
            }

            double due = Now + Math.Ceiling(next.TotalMilliseconds) + (delays[_ticks++ % delays.Length] * timeout);
            _tick = IsStopped(due) ?? due;
            return action;
        }

        private (KeepAlive.Action Action, TimeSpan Next) Tick() =>
            _keepAlive.Advance(At(Now), new KeepAlive.Sighting(At(_inbound), At(0), IsPaused: false, WriteBegan: null));

        private double? IsStopped(double at) => stops.Where(stop => at > stop.From && at < stop.To).Select(stop => (double?)stop.To).FirstOrDefault();

        private long At(double milliseconds) => _time.GetTimestamp() + TimeSpan.FromMilliseconds(milliseconds).Ticks;
    }
}
