using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class CloseWaitTests
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2); // a quarter

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Without_a_consumer_to_watch_it_waits_for_the_timeout_and_gives_up()
    {
        CloseWait wait = New(watchesConsumer: false);

        Assert.Equal((CloseWait.Action.Wait, CloseTimeout - TimeSpan.FromSeconds(2)), Look(wait, default)); // a look before the end: see LateTick
        _time.Advance(CloseTimeout - TimeSpan.FromSeconds(2));
        Assert.Equal((CloseWait.Action.Wait, TimeSpan.FromSeconds(2)), Look(wait, default));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((CloseWait.Action.GiveUp, TimeSpan.Zero), Look(wait, default));
    }

    [Fact]
    public void Without_a_timeout_and_a_consumer_it_waits_for_any_time()
    {
        var wait = new CloseWait(_time, Timeout.InfiniteTimeSpan, watchesConsumer: false);

        Assert.Equal((CloseWait.Action.Wait, Timeout.InfiniteTimeSpan), Look(wait, default));
        _time.Advance(TimeSpan.FromDays(365));
        Assert.Equal((CloseWait.Action.Wait, Timeout.InfiniteTimeSpan), Look(wait, default));
    }

    [Fact]
    public void A_queue_that_is_full_for_a_period_without_a_frame_taken_is_not_waited_for()
    {
        CloseWait wait = New();

        Assert.Equal((CloseWait.Action.Wait, Period), Look(wait, Full(taken: 5)));
        _time.Advance(Period - TimeSpan.FromTicks(1));
        Assert.Equal((CloseWait.Action.Wait, TimeSpan.FromTicks(1)), Look(wait, Full(taken: 5)));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((CloseWait.Action.Discard, Period), Look(wait, Full(taken: 5)));
    }

    [Fact]
    public void Where_the_timeout_is_infinite_the_period_is_that_of_the_default_timeout()
    {
        var wait = new CloseWait(_time, Timeout.InfiniteTimeSpan, watchesConsumer: true);

        Assert.Equal((CloseWait.Action.Wait, TimeSpan.FromSeconds(1.25)), Look(wait, Full(taken: 0)));
        _time.Advance(TimeSpan.FromSeconds(1.25));
        Assert.Equal(CloseWait.Action.Discard, Look(wait, Full(taken: 0)).Action);
    }

    [Fact]
    public void A_queue_that_has_room_is_the_peers_matter_and_only_the_timeout_counts()
    {
        CloseWait wait = New();

        for (TimeSpan passed = TimeSpan.Zero; passed < CloseTimeout; passed += Period)
        {
            Assert.Equal((CloseWait.Action.Wait, Period), Look(wait, new CloseWait.Sighting(IsFull: false, Taken: passed.Ticks, Pauses: 0)));
            _time.Advance(Period);
        }

        Assert.Equal(CloseWait.Action.GiveUp, Look(wait, new CloseWait.Sighting(IsFull: false, Taken: 9, Pauses: 0)).Action);
    }

    [Theory]
    [InlineData(true, 1)] // still full
    [InlineData(false, 2)] // it was, between two looks
    public void A_frame_that_is_taken_from_a_full_queue_begins_the_timeout_anew(bool isFull, long pauses)
    {
        CloseWait wait = New();
        Pass(wait, CloseTimeout - TimeSpan.FromTicks(1), Full(taken: 0));

        Look(wait, new CloseWait.Sighting(isFull, Taken: 1, pauses));

        Assert.NotEqual(CloseWait.Action.GiveUp, Pass(wait, CloseTimeout - TimeSpan.FromTicks(1), new CloseWait.Sighting(IsFull: false, Taken: 1, pauses)));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(CloseWait.Action.GiveUp, Look(wait, new CloseWait.Sighting(IsFull: false, Taken: 1, pauses)).Action);
    }

    [Fact]
    public void A_frame_that_is_seen_to_be_taken_before_the_queue_is_seen_to_be_full_again_begins_the_timeout_anew()
    {
        CloseWait wait = New();
        Look(wait, Full(taken: 1));
        Pass(wait, TimeSpan.FromSeconds(7), Full(taken: 1));

        Look(wait, new CloseWait.Sighting(IsFull: false, Taken: 2, Pauses: 1)); // the loop has a thread, but did not get far
        Look(wait, new CloseWait.Sighting(IsFull: true, Taken: 2, Pauses: 2));

        Assert.NotEqual(CloseWait.Action.GiveUp, Pass(wait, CloseTimeout - TimeSpan.FromTicks(1), new CloseWait.Sighting(IsFull: true, Taken: 2, Pauses: 2)));
    }

    [Fact]
    public void A_consumer_that_takes_a_frame_in_each_period_is_never_given_up_and_one_that_stops_is_within_two() =>
        Gen.Select(Gen.Int[0, 1999].Array[0, 40], Gen.Int[0, 1999]).Sample((gaps, phase) =>
        {
            var time = new FakeTimeProvider();
            var wait = new CloseWait(time, CloseTimeout, watchesConsumer: true);
            long now = 0, lastTaken = 0, taken = 0;
            var takes = new Queue<long>();
            foreach (int gap in gaps)
                takes.Enqueue(lastTaken += gap);
            lastTaken = 0;

            // The queue is full all the time; milliseconds.
            while (true)
            {
                (CloseWait.Action action, TimeSpan next) = wait.Look(time.GetTimestamp(), Full(taken));
                if (action == CloseWait.Action.Discard)
                {
                    Assert.Empty(takes);
                    Assert.InRange(now - lastTaken, Period.TotalMilliseconds, 2 * Period.TotalMilliseconds);
                    return;
                }

                Assert.Equal(CloseWait.Action.Wait, action);
                long step = (long)next.TotalMilliseconds;
                now += step;
                time.Advance(next);
                for (; takes.TryPeek(out long at) && at <= now - (phase == 0 ? 1 : 0); taken++)
                    lastTaken = takes.Dequeue();
            }
        });

    [Fact]
    public void Time_in_which_we_stood_still_counts_against_neither_peer_nor_consumer()
    {
        CloseWait wait = New();
        Look(wait, Full(taken: 0));

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((CloseWait.Action.Wait, TimeSpan.FromSeconds(1)), Look(wait, Full(taken: 0))); // for what came meanwhile
        Look(wait, new CloseWait.Sighting(IsFull: true, Taken: 1, Pauses: 1));
        Assert.NotEqual(CloseWait.Action.GiveUp, Pass(wait, CloseTimeout - TimeSpan.FromTicks(1), new CloseWait.Sighting(IsFull: false, Taken: 1, Pauses: 1)));
    }

    [Fact]
    public void A_stop_before_the_first_look_is_noticed_too()
    {
        CloseWait wait = New(watchesConsumer: false);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal((CloseWait.Action.Wait, TimeSpan.FromSeconds(1)), Look(wait, default));
    }

    [Fact]
    public void After_a_stop_a_peer_that_stays_silent_is_given_up_a_second_later()
    {
        CloseWait wait = New(watchesConsumer: false);
        Look(wait, default);

        _time.Advance(CloseTimeout + TimeSpan.FromSeconds(0.5)); // the stop's end falls together with the deadline
        Assert.Equal((CloseWait.Action.Wait, TimeSpan.FromSeconds(1)), Look(wait, default));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(CloseWait.Action.GiveUp, Look(wait, default).Action);
    }

    // Looks whenever that was asked for.
    private CloseWait.Action Pass(CloseWait wait, TimeSpan time, CloseWait.Sighting seen)
    {
        for (TimeSpan rest = time; ;)
        {
            (CloseWait.Action action, TimeSpan next) = Look(wait, seen);
            if (rest == TimeSpan.Zero || action == CloseWait.Action.GiveUp)
                return action;
            TimeSpan step = next < rest ? next : rest;
            _time.Advance(step);
            rest -= step;
        }
    }

    private static CloseWait.Sighting Full(long taken) => new(IsFull: true, taken, Pauses: 1);

    private CloseWait New(bool watchesConsumer = true) => new(_time, CloseTimeout, watchesConsumer);

    private (CloseWait.Action Action, TimeSpan Next) Look(CloseWait wait, CloseWait.Sighting seen) => wait.Look(_time.GetTimestamp(), seen);
}
