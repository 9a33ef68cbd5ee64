using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>
/// Connects again and again: attempts, waits between them, and what each end leads to. One flow at a time uses it, save
/// for <see cref="RetryNow"/> and the log of changes.
/// </summary>
internal sealed class Redial
{
    private readonly StayConnectedOptions _options;
    private readonly Dialer _dialer;
    private readonly ReconnectTelemetry _telemetry;
    private readonly Lock _sync = new();

    // Only touched by the flow.
    private ReconnectPolicy _policy;
    private long? _began;

    // Under _sync. Of the wait in progress.
    private TaskCompletionSource? _skip;

    public Redial(HttpClient client, Uri? url, StayConnectedOptions options)
    {
        _options = options;
        _dialer = new Dialer(client, url, options);
        _policy = new ReconnectPolicy(options);
        _telemetry = new ReconnectTelemetry(options.Name, _dialer);
    }

    public ChangeLog Changes { get; } = new();

    public TimeProvider Time => _dialer.Time;

    public ReconnectTelemetry Telemetry => _telemetry;

    /// <summary>The close timeout of the handler.</summary>
    public TimeSpan CloseTimeout => _dialer.Plugin?.CloseTimeout ?? TimeSpan.FromSeconds(5); // its default

    /// <summary>The number of the last connection.</summary>
    public int Epoch { get; private set; }

    public DisconnectVerdict? Last { get; private set; }

    /// <summary>Attempts until a connection is ready.</summary>
    /// <param name="getReady">Makes an open session ready; it throws if it cannot.</param>
    /// <param name="stop">Ends attempts and waits.</param>
    /// <exception cref="ReconnectException">The connection is given up.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired.</exception>
    public async Task<Connection> ConnectAsync(
        Func<Connection, CancellationToken, Task> getReady, CancellationToken stop)
    {
        while (true)
        {
            if (Last?.NextDelay is { } delay)
                await WaitAsync(delay, stop).ConfigureAwait(false);
            Changes.Add(new ConnectionChange(ConnectionPhase.Connecting, Epoch, Last, null, 0));
            (Connection? connection, DisconnectVerdict? failure) =
                await TryConnectAsync(getReady, stop).ConfigureAwait(false);
            if (connection is not null)
                return connection;
            stop.ThrowIfCancellationRequested(); // the functions that judge may not run any more
            Judge(failure!);
        }
    }

    /// <summary>One attempt, whose failure is returned and does not count.</summary>
    public async Task<(Connection? Connection, DisconnectVerdict? Failure)> TryConnectAsync(
        Func<Connection, CancellationToken, Task> getReady, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _began ??= Time.GetTimestamp();
        var attempt = new ConnectAttempt(_policy.Failures + 1, Last, _policy.IsAuthRetry);
        (DefaultClientWebSocketSession? session, DisconnectPhase phase, Exception? error) =
            await _dialer.DialAsync(attempt, stop).ConfigureAwait(false);
        if (session is null)
        {
            _telemetry.Attempted(phase, error);
            return (null, new DisconnectVerdict { Phase = phase, Error = error });
        }

        var connection = new Connection(session, ++Epoch, Last, Time);
        try
        {
            await getReady(connection, stop).ConfigureAwait(false);
            stop.ThrowIfCancellationRequested(); // it may have closed its own feed
            connection.BecomeReady();
            _policy.Ready();
            _telemetry.Attempted(DisconnectPhase.Ready, null);
            _telemetry.Ready(Epoch);
            return (connection, null);
        }
        catch (Exception e)
        {
            session.Abort();
            stop.ThrowIfCancellationRequested();
            CloseResult result = await session.Completion.ConfigureAwait(false);
            _telemetry.Attempted(DisconnectPhase.GettingReady, e);
            return (null, connection.Verdict(DisconnectPhase.GettingReady, result, e));
        }
    }

    /// <summary>Decides what follows from a failure or an end.</summary>
    /// <exception cref="ReconnectException">The connection is given up.</exception>
    public void Judge(DisconnectVerdict ended)
    {
        TimeSpan now = Time.GetElapsedTime(_began ?? Time.GetTimestamp());
        DisconnectVerdict verdict;
        try
        {
            verdict = _policy.Judge(ended, now, _options.Random());
        }
        catch (Exception e)
        {
            verdict = ended with { Error = e, Why = "IsTransient or ServerDelay threw an exception" };
        }

        if (verdict.NextDelay is null)
            GiveUp(verdict);
        Note(verdict);
    }

    /// <param name="verdict">Why.</param>
    /// <param name="isNoted">Whether this end was judged before, so that it is counted once.</param>
    /// <exception cref="ReconnectException">Always.</exception>
    [DoesNotReturn]
    public void GiveUp(DisconnectVerdict verdict, bool isNoted = false)
    {
        verdict = verdict with { IsTransient = false, NextDelay = null, DelaySource = DelaySource.None };
        if (isNoted)
            Last = verdict;
        else
            Note(verdict);
        throw new ReconnectException(verdict, Math.Max(1, _policy.Failures));
    }

    /// <summary>Tells that a ready connection is in use.</summary>
    public void Use(Connection connection) =>
        Changes.Add(new ConnectionChange(ConnectionPhase.Ready, connection.Epoch, Last, null, 0));

    /// <summary>Ends the wait in progress, if there is one.</summary>
    public void RetryNow()
    {
        lock (_sync)
            _skip?.TrySetResult();
    }

    /// <summary>Forgets failures: a new start follows one that was undone.</summary>
    public void Reset()
    {
        _policy = new ReconnectPolicy(_options);
        Last = null;
    }

    /// <summary>Notes how a connection ended that is not followed by a wait: it was closed or replaced.</summary>
    public void NoteEnd(DisconnectVerdict verdict)
    {
        verdict = verdict with { IsTransient = true, Why = "we closed the connection" };
        Last = verdict;
        _policy.Replaced(verdict.ConnectedFor);
        _telemetry.Disconnected(verdict);
    }

    private void Note(DisconnectVerdict verdict)
    {
        Last = verdict;
        _telemetry.Ended(verdict);
        Changes.Add(new ConnectionChange(ConnectionPhase.Lost, Epoch, verdict, null, 0));
    }

    private async Task WaitAsync(TimeSpan delay, CancellationToken stop)
    {
        var skip = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_sync)
            _skip = skip;
        Changes.Add(new ConnectionChange(ConnectionPhase.Waiting, Epoch, Last, delay, 0)); // who sees it may skip it
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(skip.Task, Task.Delay(delay, Time, timer.Token)).ConfigureAwait(false);
        lock (_sync)
            _skip = null;
        await timer.CancelAsync().ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();
    }
}
