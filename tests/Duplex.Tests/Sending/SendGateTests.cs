using System.Runtime.CompilerServices;

namespace Duplex.Tests;

public sealed class SendGateTests
{
    private readonly SendGate _gate = new();

    [Fact]
    public void A_free_gate_is_entered_at_once_and_by_one_only()
    {
        Assert.True(_gate.TryEnter());
        Assert.False(_gate.TryEnter());

        _gate.Exit();

        Assert.True(_gate.EnterAsync(default).IsCompletedSuccessfully);
        Assert.False(_gate.TryEnter());
    }

    [Fact]
    public async Task Those_who_wait_enter_in_the_order_of_their_calls()
    {
        Assert.True(_gate.TryEnter());
        Task[] waits = [.. Enumerable.Range(0, 16).Select(_ => _gate.EnterAsync(default).AsTask())];

        for (int next = 0; next < waits.Length; next++)
        {
            Assert.All(waits[next..], wait => Assert.False(wait.IsCompleted));
            _gate.Exit();
            await waits[next].Soon();
        }

        _gate.Exit();
        Assert.True(_gate.TryEnter());
    }

    [Fact]
    public async Task Nobody_overtakes_one_who_waits()
    {
        Assert.True(_gate.TryEnter());
        Task first = _gate.EnterAsync(default).AsTask();

        _gate.Exit();

        Assert.False(_gate.TryEnter());
        Task second = _gate.EnterAsync(default).AsTask();
        await first.Soon();
        Assert.False(second.IsCompleted);
        _gate.Exit();
        await second.Soon();
    }

    [Fact]
    public async Task One_who_gives_up_in_the_middle_of_the_queue_is_passed_by()
    {
        Assert.True(_gate.TryEnter());
        using var giveUp = new CancellationTokenSource();
        Task first = _gate.EnterAsync(default).AsTask();
        Task second = _gate.EnterAsync(giveUp.Token).AsTask();
        Task third = _gate.EnterAsync(default).AsTask();

        giveUp.Cancel();

        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.Soon());
        Assert.Equal(giveUp.Token, cancelled.CancellationToken);
        _gate.Exit();
        await first.Soon();
        Assert.False(third.IsCompleted);
        _gate.Exit();
        await third.Soon();
    }

    [Fact]
    public async Task When_all_who_wait_give_up_the_gate_is_free_after_its_holder_leaves()
    {
        Assert.True(_gate.TryEnter());
        using var giveUp = new CancellationTokenSource();
        Task[] waits = [.. Enumerable.Range(0, 3).Select(_ => _gate.EnterAsync(giveUp.Token).AsTask())];

        giveUp.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waits).Soon());

        Assert.False(_gate.TryEnter());
        _gate.Exit();
        Assert.True(_gate.TryEnter());
    }

    [Fact]
    public void A_token_that_was_cancelled_before_enters_nothing()
    {
        Assert.True(_gate.EnterAsync(new CancellationToken(canceled: true)).IsCanceled);
        Assert.True(_gate.TryEnter());
    }

    [Fact]
    public async Task A_token_that_is_cancelled_after_the_hand_over_takes_nothing_back()
    {
        Assert.True(_gate.TryEnter());
        using var late = new CancellationTokenSource();
        Task wait = _gate.EnterAsync(late.Token).AsTask();
        _gate.Exit();

        late.Cancel();

        await wait.Soon();
        Assert.False(_gate.TryEnter());
    }

    [Fact]
    public async Task Who_gave_up_is_not_kept_in_memory_until_its_turn()
    {
        Assert.True(_gate.TryEnter());
        WeakReference gone = WaitAndGiveUp(_gate);

        await Patience.Until(() =>
        {
            GC.Collect();
            return !gone.IsAlive;
        });

        Assert.False(_gate.TryEnter());

        // A cancelled wait knows its token, and so its source.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference WaitAndGiveUp(SendGate gate)
        {
            var source = new CancellationTokenSource();
            ValueTask<bool> wait = gate.EnterAsync(source.Token);
            source.Cancel();
            Assert.False(wait.IsCompletedSuccessfully);
            return new WeakReference(source);
        }
    }

    [Fact]
    public async Task However_cancellation_and_hand_over_race_there_are_never_two_inside_and_nobody_waits_for_ever()
    {
        const int Tasks = 4, Turns = 5_000;
        int inside = 0, most = 1, entered = 0, cancelled = 0;

        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(seed => Task.Run(() => RaceAsync(new Random(seed))))).Soon();

        Assert.Equal(1, most);
        Assert.Equal(Tasks * Turns, entered + cancelled);
        Assert.True(_gate.TryEnter());

        async Task RaceAsync(Random random)
        {
            for (int turn = 0; turn < Turns; turn++)
            {
                using var source = new CancellationTokenSource();
                ValueTask<bool> enter = _gate.EnterAsync(source.Token);
                if (random.Next(2) == 0)
                    source.Cancel();
                try
                {
                    await enter;
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref cancelled);
                    continue;
                }

                int now = Interlocked.Increment(ref inside);
                if (now > 1)
                    Volatile.Write(ref most, now); // not compared with what it was: that could lose it
                entered++; // by whoever is inside, so by one at a time
                if (random.Next(4) == 0)
                    await Task.Yield();
                Interlocked.Decrement(ref inside);
                _gate.Exit();
            }
        }
    }

    [Fact]
    public async Task Each_of_16_concurrent_senders_gets_through_every_time()
    {
        const int Turns = 500;
        int[] turns = new int[16];

        await Task.WhenAll(turns.Select((_, sender) => Task.Run(async () =>
        {
            while (turns[sender] < Turns)
            {
                if (!_gate.TryEnter())
                    Assert.True(await _gate.EnterAsync(default));
                turns[sender]++;
                _gate.Exit();
            }
        }))).Soon();

        Assert.All(turns, count => Assert.Equal(Turns, count));
    }

    [Fact]
    public async Task Whoever_waits_when_it_is_shut_is_turned_away_and_who_is_inside_stays()
    {
        Assert.True(_gate.TryEnter());
        Task<bool>[] waits = [.. Enumerable.Range(0, 3).Select(_ => _gate.EnterAsync(default).AsTask())];

        _gate.Shut();

        foreach (Task<bool> wait in waits)
            Assert.False(await wait.Soon());
        Assert.False(await _gate.EnterAsync(default).AsTask().Soon());
        _gate.Exit();
        _gate.Shut();
    }
}
