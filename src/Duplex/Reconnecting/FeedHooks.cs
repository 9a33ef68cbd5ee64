using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>
/// Runs the user's functions: on the pool, without the caller's context, bounded in time, none after the end began.
/// </summary>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "The token source has no timer and no links, so it holds nothing to dispose.")]
internal sealed class FeedHooks(ReconnectingWebSocketOptions options, Redial redial)
{
    private readonly CallbackGate _gate = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Whether the calling flow is within one of them.</summary>
    public bool IsInside => _gate.IsInside;

    /// <summary>Makes a connection ready. Throws what the hook throws.</summary>
    public async Task GetReadyAsync(Connection connection, CancellationToken stop)
    {
        if (options.Connected is not { } hook)
            return;
        var connected = new ConnectedSession(connection.Session, connection.Epoch, connection.Previous);
        try
        {
            await RunAsync("OnConnected", token => hook(connected, token), stop).ConfigureAwait(false);
        }
        finally
        {
            connected.Revoke();
        }

        if (connection.HasEnded)
            throw new WebSocketClosedException("The connection ended while OnConnected ran.");
    }

    /// <summary>Reports what is not known to have arrived. A failure is logged.</summary>
    public async Task ReportAsync(UnconfirmedLedger ledger)
    {
        if (options.OnUnconfirmed is not { } hook || ledger.TakeAll() is not { Count: > 0 } messages)
            return;
        try
        {
            await RunAsync(
                "OnUnconfirmed", token => hook(messages, token).AsTask(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // no callback begins, or goes on, after disposal began
        }
        catch (Exception e)
        {
            redial.Telemetry.HookFailed("OnUnconfirmed", e);
        }
    }

    /// <summary>False if the end has begun.</summary>
    public bool TryObserve(Frame frame, int epoch)
    {
        if (options.Observe is not { } observe)
            return true;
        using CallbackGate.Pass? pass = _gate.TryEnter();
        if (pass is null)
            return false;
        pass.Run(() => observe(frame, epoch));
        return true;
    }

    /// <summary>None begins after this. Those that run are cancelled, and waited for up to the close timeout.</summary>
    public async Task StopAsync()
    {
        Task left = _gate.CloseAsync();
        await _stopping.CancelAsync().ConfigureAwait(false);
        using var limit = new TimeLimit(redial.Time, redial.CloseTimeout);
        await limit.CompletesAsync(left).ConfigureAwait(false);
    }

    private async Task RunAsync(string name, Func<CancellationToken, Task> hook, CancellationToken stop)
    {
        CallbackGate.Pass? pass = _gate.TryEnter();
        if (pass is null)
            throw new OperationCanceledException("The connection is stopped.", stop);
        using var limit = new AttemptLimit(redial.Time, options.ReadyTimeout, stop);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
        Task running = Task.Run(
            async () =>
            {
                using (pass)
                {
                    pass.Mark();
                    await hook(any.Token).ConfigureAwait(false);
                }
            },
            CancellationToken.None);
        try
        {
            await running.WaitAsync(any.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (any.IsCancellationRequested)
        {
            _ = running.ContinueWith(
                static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default); // observed, whenever it ends
            if (!limit.IsOver || stop.IsCancellationRequested)
                throw;
            throw new TimeoutException(
                $"{name} did not return within {options.ReadyTimeout.TotalSeconds:0.###} s (ReadyTimeout).");
        }
    }
}
