using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>A feed from its start to its end, or until the start is undone.</summary>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "The token source has no timer and no links, so it holds nothing to dispose.")]
internal sealed class FeedRun
{
    private const int Open = 0, Undone = 1, Ready = 2; // the fates of a start

    private readonly CancellationTokenSource _stop = new();
    private readonly FeedConductor _conductor;
    private readonly FeedOutlet _outlet;
    private readonly CancellationToken _startToken;
    private readonly CancellationTokenRegistration _undoing;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Changed once, from Open, by the first.
    private int _fate;

    public FeedRun(
        Redial redial, FeedHooks hooks, FeedQueue queue, FeedOutlet outlet, ReconnectingWebSocketOptions options,
        CancellationToken startToken)
    {
        _outlet = outlet;
        _startToken = startToken;
        _conductor = new FeedConductor(redial, hooks, queue, outlet, options, _stop.Token);
        Abandoned.Observe(_started.Task); // Start() does not look
        _undoing = startToken.UnsafeRegister(static run => ((FeedRun)run!).Undo(), this); // last: it may fire now
    }

    /// <summary>Completes when a first connection is ready, or when the run has ended without one.</summary>
    public Task Started => _started.Task;

    public Task Ended => _ended.Task;

    /// <summary>Whether the start's token fired before a connection was ready.</summary>
    public bool IsUndone => Volatile.Read(ref _fate) == Undone;

    public ReconnectException? Error { get; private set; }

    public CloseResult? LastClose => _conductor.LastClose;

    public async Task RunAsync()
    {
        Task noting = NoteReadyAsync();
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
            Error = new ReconnectException("The connection was given up: a function threw, or an internal error.", e);
        }

        await _undoing.DisposeAsync().ConfigureAwait(false);

        _conductor.Started.TrySetCanceled(CancellationToken.None);
        await noting.ConfigureAwait(false);
    }

    public void Stop(CloseReason reason)
    {
        _conductor.CloseWith(reason);
        Abandoned.Cancel(_stop);
    }

    /// <summary>All is over: a caller that sees a task of this run complete can start another.</summary>
    public void End()
    {
        if (IsUndone)
            _started.TrySetCanceled(_startToken);
        else if (Error is not null)
            _started.TrySetException(Error);
        else
            _started.TrySetException(new WebSocketClosedException(
                "The ReconnectingWebSocket was closed before a connection was ready."));
        _ended.TrySetResult();
    }

    private async Task NoteReadyAsync()
    {
        await _conductor.Started.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_conductor.Started.Task.IsCompletedSuccessfully
            && Interlocked.CompareExchange(ref _fate, Ready, Open) == Open)
            _started.TrySetResult();
    }

    private void Undo()
    {
        if (Interlocked.CompareExchange(ref _fate, Undone, Open) != Open)
            return;
        Abandoned.Cancel(_stop);
        _outlet.FailWaiting();
    }
}
