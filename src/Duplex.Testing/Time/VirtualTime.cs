using System.Runtime.CompilerServices;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Testing;

/// <summary>
/// A clock that stands still until a test lets time pass. It then goes from timer to timer, and before each waits until
/// all work of the process is done: an hour of back-off passes in milliseconds, in the order of a real hour.
/// </summary>
/// <remarks>
/// <para>
/// Client and server must use the same one. <see cref="WebSocketTestServer.CreateClient"/> and
/// <c>UseTestServer</c> set it; a handler of your own needs <c>ws.TimeProvider = server.Time</c>.
/// </para>
/// <para>
/// "All work" is what the thread pool runs, and what is posted to the synchronization context of the caller. Work that
/// waits for a socket, a file, another process, a thread of its own or a real timer is not seen: time does not wait for
/// it. A work item that blocks its thread, or computes, for more than half a second is not waited for either. Tests in
/// parallel within one process delay each other, but never mix: time passes in one when the work of all is done.
/// </para>
/// <para>
/// <see cref="FakeTimeProvider.Advance"/> jumps instead, without a wait, like a computer that was asleep.
/// </para>
/// <para>Thread-safe; one call at a time may let time pass.</para>
/// </remarks>
public sealed class VirtualTime : FakeTimeProvider
{
    // Which clock the current call chain has asked last: it tells the server which one its client uses.
    private static readonly AsyncLocal<VirtualTime?> Asked = new();

    private readonly TimerSet _timers = new();
    private readonly List<Func<string?>> _checks = []; // under its own lock

    // Set by Interlocked: 1 while a call lets time pass.
    private int _isAdvancing;

    // Set by the test.
    private TimeSpan _realTimeLimit = TimeSpan.FromSeconds(30);

    /// <summary>Creates a clock that shows midnight of January 1, 2000, UTC.</summary>
    public VirtualTime() { }

    /// <summary>Creates a clock.</summary>
    /// <param name="start">The time that it shows.</param>
    public VirtualTime(DateTimeOffset start) : base(start) { }

    /// <summary>
    /// How much real time the process may stay busy before a wait for it fails. Default: 30 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero or negative.</exception>
    public TimeSpan RealTimeLimit
    {
        get => _realTimeLimit;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            _realTimeLimit = value;
        }
    }

    /// <summary>
    /// How many timers were created and not disposed, with those that have fired. A test of leaks asks it.
    /// </summary>
    public int LiveTimers => _timers.Live;

    /// <summary>How many timers will fire.</summary>
    public int ArmedTimers => _timers.Armed;

    /// <summary>The time until the next timer fires; null if none will.</summary>
    public TimeSpan? NextTimer => _timers.Next is { } due ? due - GetUtcNow() : null;

    /// <summary>Whether the current call chain has asked this clock.</summary>
    internal bool WasAsked => Asked.Value == this;

    /// <summary>Waits until all work is done that can be done without time passing.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="TimeoutException">The process stayed busy for <see cref="RealTimeLimit"/>.</exception>
    public Task SettleAsync(CancellationToken cancellationToken = default) =>
        Quiescence.WaitAsync(RealTimeLimit, SynchronizationContext.Current, cancellationToken);

    /// <summary>Lets time pass, timer by timer. Completes when the time is over and all work is done.</summary>
    /// <param name="time">How much time.</param>
    /// <param name="cancellationToken">Stops the clock where it is.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    /// <exception cref="InvalidOperationException">
    /// Another call lets time pass, or no client of a server with this clock uses it.
    /// </exception>
    /// <exception cref="TimeoutException">The process stayed busy for <see cref="RealTimeLimit"/>.</exception>
    public async Task AdvanceAsync(TimeSpan time, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        await PassAsync(static () => false, time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lets time pass, timer by timer, until a task completes, and returns its outcome.</summary>
    /// <param name="task">The task.</param>
    /// <param name="most">The most time to pass.</param>
    /// <param name="cancellationToken">Stops the clock where it is.</param>
    /// <exception cref="TimeoutException">
    /// The time has passed and the task is incomplete, or the process stayed busy for <see cref="RealTimeLimit"/>.
    /// </exception>
    /// <inheritdoc cref="AdvanceAsync" path="/exception"/>
    public async Task AdvanceUntilAsync(Task task, TimeSpan most, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, TimeSpan.Zero);
        if (!await PassAsync(() => task.IsCompleted, most, cancellationToken).ConfigureAwait(false))
            throw NotYet("the task did not complete", most);
        await task.ConfigureAwait(false);
    }

    /// <summary>Lets time pass, timer by timer, until a task completes, and returns its result.</summary>
    /// <inheritdoc cref="AdvanceUntilAsync(Task, TimeSpan, CancellationToken)"/>
    public async Task<T> AdvanceUntilAsync<T>(
        Task<T> task, TimeSpan most, CancellationToken cancellationToken = default)
    {
        await AdvanceUntilAsync((Task)task, most, cancellationToken).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    /// <summary>
    /// Lets time pass, timer by timer, until a condition holds. It is asked whenever all work is done.
    /// </summary>
    /// <param name="condition">The condition.</param>
    /// <param name="most">The most time to pass.</param>
    /// <param name="cancellationToken">Stops the clock where it is.</param>
    /// <param name="description">The condition in words, for the exception. Default: its code.</param>
    /// <exception cref="TimeoutException">
    /// The time has passed and the condition does not hold, or the process stayed busy for
    /// <see cref="RealTimeLimit"/>.
    /// </exception>
    /// <inheritdoc cref="AdvanceAsync" path="/exception"/>
    public async Task AdvanceUntilAsync(
        Func<bool> condition,
        TimeSpan most,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(condition))] string description = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, TimeSpan.Zero);
        if (!await PassAsync(condition, most, cancellationToken).ConfigureAwait(false))
            throw NotYet($"this did not become true: {description}", most);
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        NoteAsked();
        return base.GetTimestamp();
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        NoteAsked();
        var timer = new VirtualTimer(
            this, _timers, callback,
            fire => base.CreateTimer(fire, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Adds a check that runs before time passes: it returns why time must not pass, or null.</summary>
    internal void AddCheck(Func<string?> check)
    {
        lock (_checks)
            _checks.Add(check);
    }

    /// <summary>Removes a check.</summary>
    internal void RemoveCheck(Func<string?> check)
    {
        lock (_checks)
            _checks.Remove(check);
    }

    private void NoteAsked()
    {
        if (Asked.Value != this)
            Asked.Value = this;
    }

    private async Task<bool> PassAsync(Func<bool> isOver, TimeSpan most, CancellationToken token)
    {
        if (Interlocked.Exchange(ref _isAdvancing, 1) == 1)
        {
            throw new InvalidOperationException(
                "Another call lets this clock's time pass. Await it first; code that the test calls waits for timers " +
                "of the clock instead.");
        }

        try
        {
            SynchronizationContext? context = SynchronizationContext.Current;
            DateTimeOffset end = GetUtcNow() + most;
            while (true)
            {
                await Quiescence.WaitAsync(RealTimeLimit, context, token).ConfigureAwait(false);
                if (isOver())
                    return true;
                ThrowIfOtherClock();
                DateTimeOffset now = GetUtcNow();
                if (now >= end)
                    return false;
                DateTimeOffset next = _timers.Next is { } due && due < end ? due : end;
                Advance(next > now ? next - now : TimeSpan.Zero);
            }
        }
        finally
        {
            Volatile.Write(ref _isAdvancing, 0);
        }
    }

    private void ThrowIfOtherClock()
    {
        Func<string?>[] checks;
        lock (_checks)
            checks = [.. _checks];
        foreach (Func<string?> check in checks)
        {
            if (check() is { } reason)
                throw new InvalidOperationException(reason);
        }
    }

    private TimeoutException NotYet(string what, TimeSpan most) => new(
        $"Within {most} of virtual time {what}. Timers armed now: {ArmedTimers}" +
        (NextTimer is { } next ? $", the next due in {next}" : "") +
        ". If it waits for real time, a socket or another clock, virtual time does not wait for it.");
}
