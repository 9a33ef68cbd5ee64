using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>A feed from its start to its end, or until the start is undone.</summary>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "The token source has no timer and no links, so it holds nothing to dispose.")]
internal sealed class FeedRun
{
    private readonly CancellationTokenSource _stop = new();
    private readonly FeedConductor _conductor;
    private readonly FeedOutlet _outlet;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // 0, then 1 if the start's token fired before a connection was ready, or 2 when one was.
    private int _fate;

    public FeedRun(
        Redial redial, FeedHooks hooks, FeedQueue queue, FeedOutlet outlet, ReconnectingWebSocketOptions options)
    {
        _outlet = outlet;
        _conductor = new FeedConductor(redial, hooks, queue, outlet, options, _stop.Token);
    }

    /// <summary>Completes when a first connection is ready.</summary>
    public Task Started => _started.Task;

    public Task Ended => _ended.Task;

    public ReconnectException? Error { get; private set; }

    public CloseResult? LastClose => _conductor.LastClose;

    /// <summary>True if the start was undone.</summary>
    public async Task<bool> RunAsync(CancellationToken startToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the caller continues
        Task starting = NoteStartAsync(startToken);
        try
        {
            await _conductor.RunAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // closed, disposed, or undone
        }
        catch (ReconnectException e)
        {
            Error = e;
        }
        catch (Exception e)
        {
            Error = new ReconnectException("The connection was given up: an internal error, or one of a function.", e);
        }

        _conductor.Started.TrySetCanceled(CancellationToken.None);
        await starting.ConfigureAwait(false);
        if (Volatile.Read(ref _fate) != 1)
            return false;
        _outlet.FailWaiting();
        return true;
    }

    public void Stop(CloseReason reason)
    {
        _conductor.Reason = reason;
        _stop.Cancel();
    }

    /// <summary>All is over.</summary>
    public void End() => _ended.TrySetResult();

    private async Task NoteStartAsync(CancellationToken token)
    {
        using (token.UnsafeRegister(
            static run => ((FeedRun)run!).Undo(), this))
        {
            await _conductor.Started.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_conductor.Started.Task.IsCompletedSuccessfully && Interlocked.CompareExchange(ref _fate, 2, 0) == 0)
            _started.TrySetResult();
        else if (Volatile.Read(ref _fate) == 1)
            _started.TrySetCanceled(token);
        else
            _started.TrySetException(Error as Exception ?? new WebSocketClosedException(
                "The ReconnectingWebSocket was closed before a connection was ready."));
        _ = _started.Task.Exception; // Start() waits for nothing
    }

    private void Undo()
    {
        if (Interlocked.CompareExchange(ref _fate, 1, 0) == 0)
            _stop.Cancel();
    }
}
