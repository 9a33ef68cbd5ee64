namespace Duplex.Tests;

/// <summary>One sender after the other, in the order in which they came.</summary>
public sealed class SenderLineTests
{
    [Fact]
    public async Task The_first_enters_at_once_and_the_others_in_order()
    {
        var line = new SenderLine();
        Assert.True(line.EnterAsync(default).IsCompletedSuccessfully);
        Task[] waiting = [.. Enumerable.Range(0, 3).Select(_ => line.EnterAsync(default).AsTask())];
        for (int next = 0; next < waiting.Length; next++)
        {
            Assert.All(waiting[next..], task => Assert.False(task.IsCompleted));
            line.Exit();
            await waiting[next].Soon();
        }

        line.Exit();
        Assert.True(line.EnterAsync(default).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task One_that_is_cancelled_leaves_its_place_to_the_next()
    {
        var line = new SenderLine();
        await line.EnterAsync(default);
        using var cancel = new CancellationTokenSource();
        Task first = line.EnterAsync(cancel.Token).AsTask();
        Task second = line.EnterAsync(default).AsTask();
        await cancel.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.Soon());
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        Assert.False(second.IsCompleted);
        line.Exit();
        await second.Soon();
    }

    [Fact]
    public async Task A_token_that_has_fired_takes_no_turn()
    {
        var line = new SenderLine();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => line.EnterAsync(new CancellationToken(true)).Soon());
        Assert.True(line.EnterAsync(default).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_token_that_fires_after_the_turn_came_changes_nothing()
    {
        var line = new SenderLine();
        await line.EnterAsync(default);
        using var cancel = new CancellationTokenSource();
        Task next = line.EnterAsync(cancel.Token).AsTask();
        line.Exit();
        await cancel.CancelAsync();
        await next.Soon();
        Task last = line.EnterAsync(default).AsTask();
        Assert.False(last.IsCompleted); // the turn is taken
        line.Exit();
        await last.Soon();
    }

    [Fact]
    public async Task One_at_a_time_enters_in_order_while_others_give_up_at_random()
    {
        for (int round = 0; round < 200; round++)
        {
            var random = new Random(round);
            var line = new SenderLine();
            await line.EnterAsync(default);
            List<int> entered = [];
            int inside = 0, most = 0;
            CancellationTokenSource[] cancels = [.. Enumerable.Range(0, 20).Select(_ => new CancellationTokenSource())];
            Task[] senders = [.. cancels.Select((cancel, number) => SendAsync(number, line.EnterAsync(cancel.Token)))];
            int[] victims = [.. Enumerable.Range(0, cancels.Length).Where(_ => random.Next(3) == 0)];
            Task cancelling = Task.Run(() =>
            {
                foreach (int victim in victims)
                    cancels[victim].Cancel();
            });
            line.Exit();
            await cancelling.Soon();
            await Task.WhenAll(senders).Soon();
            Assert.Equal(1, most);
            Assert.Equal(entered.Order(), entered);
            Assert.Superset(Enumerable.Range(0, cancels.Length).Except(victims).ToHashSet(), entered.ToHashSet());
            Assert.True(line.EnterAsync(default).IsCompletedSuccessfully); // no turn was lost
            foreach (CancellationTokenSource cancel in cancels)
                cancel.Dispose();

            async Task SendAsync(int number, ValueTask turn)
            {
                try
                {
                    await turn;
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                most = Math.Max(most, Interlocked.Increment(ref inside));
                entered.Add(number);
                await Task.Yield();
                Interlocked.Decrement(ref inside);
                line.Exit();
            }
        }
    }
}
