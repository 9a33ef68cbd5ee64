namespace Duplex.Tests;

/// <summary>No callback begins after the gate was closed, and closing waits for those that run.</summary>
public sealed class CallbackGateTests
{
    [Fact]
    public async Task Nothing_enters_after_it_was_closed()
    {
        var gate = new CallbackGate();
        gate.TryEnter()!.Dispose();
        await gate.CloseAsync().Soon();
        Assert.Null(gate.TryEnter());
        await gate.CloseAsync().Soon(); // idempotent
    }

    [Fact]
    public async Task Closing_waits_for_every_callback_that_runs()
    {
        var gate = new CallbackGate();
        CallbackGate.Pass first = gate.TryEnter()!;
        CallbackGate.Pass second = gate.TryEnter()!;
        Task closing = gate.CloseAsync();
        Task again = gate.CloseAsync();
        Assert.Null(gate.TryEnter()); // closed already
        first.Dispose();
        Assert.False(closing.IsCompleted);
        second.Dispose();
        await closing.Soon();
        await again.Soon();
    }

    [Fact]
    public async Task A_callback_that_closes_waits_for_the_others_and_not_for_itself()
    {
        var gate = new CallbackGate();
        CallbackGate.Pass other = gate.TryEnter()!;
        Task closing = null!;
        using (CallbackGate.Pass own = gate.TryEnter()!)
        {
            own.Run(() => closing = gate.CloseAsync());
            Assert.False(closing.IsCompleted);
            other.Dispose();
            await closing.Soon();
        }
    }

    [Fact]
    public void A_flow_is_inside_while_its_callback_runs()
    {
        var gate = new CallbackGate();
        var another = new CallbackGate();
        using CallbackGate.Pass pass = gate.TryEnter()!;
        Assert.False(gate.IsInside);
        bool isInside = false, isInAnother = true;
        pass.Run(() => (isInside, isInAnother) = (gate.IsInside, another.IsInside));
        Assert.True(isInside);
        Assert.False(isInAnother);
        Assert.False(gate.IsInside);
        Assert.Throws<FormatException>(() => pass.Run(() => throw new FormatException()));
        Assert.False(gate.IsInside);
    }

    [Fact]
    public async Task A_mark_ends_with_the_async_method_that_set_it()
    {
        var gate = new CallbackGate();
        Assert.True(await CallAsync());
        Assert.False(gate.IsInside);

        async Task<bool> CallAsync()
        {
            using CallbackGate.Pass pass = gate.TryEnter()!;
            pass.Mark();
            await Task.Yield();
            return gate.IsInside;
        }
    }

    [Fact]
    public async Task What_a_callback_started_is_not_inside_any_more_when_the_callback_has_returned()
    {
        var gate = new CallbackGate();
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<(bool Before, bool After)> started = null!;
        using (CallbackGate.Pass pass = gate.TryEnter()!)
        {
            pass.Run(() => started = Task.Run(async () =>
            {
                bool before = gate.IsInside;
                await returned.Task;
                return (before, gate.IsInside);
            }));
            await Patience.Until(() => started.Status == TaskStatus.WaitingForActivation);
        }

        returned.SetResult();
        Assert.False((await started.Soon()).After);
    }

    [Fact]
    public async Task None_runs_after_closing_however_the_two_meet()
    {
        for (int round = 0; round < 500; round++)
        {
            var gate = new CallbackGate();
            bool isClosed = false;
            int late = 0, ran = 0;
            Task[] callers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            {
                while (gate.TryEnter() is { } pass)
                {
                    using (pass)
                    {
                        pass.Run(() =>
                        {
                            Interlocked.Increment(ref ran);
                            if (Volatile.Read(ref isClosed))
                                Interlocked.Increment(ref late);
                        });
                    }
                }
            }))];
            await Patience.Until(() => Volatile.Read(ref ran) > 0);
            await gate.CloseAsync().Soon();
            Volatile.Write(ref isClosed, true);
            await Task.WhenAll(callers).Soon();
            Assert.Equal(0, late);
        }
    }
}
