using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>
/// Runs the user's functions, each behind one gate: none begins after the end began, and their own calls of the feed
/// are recognized. Those that make a connection ready run on the pool and are bounded in time.
/// </summary>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "The token source has no timer and no links, so it holds nothing to dispose.")]
internal sealed class FeedHooks
{
    private readonly ReconnectingWebSocketOptions _options;
    private readonly CallbackGate _gate = new();
    private readonly CancellationTokenSource _stopping = new();

    public FeedHooks(ReconnectingWebSocketOptions options)
    {
        _options = options;
        Guard(options);
    }

    /// <summary>Whether the calling flow is within one of them.</summary>
    public bool IsInside => _gate.IsInside;

    /// <summary>Makes a connection ready. Throws what the hook throws.</summary>
    public async Task GetReadyAsync(Connection connection, TimeProvider time, CancellationToken stop)
    {
        if (_options.StrictRotation && !connection.Session.Call.Engine.Supports(EngineCapability.ControlFrames))
        {
            throw new NotSupportedException(
                $"StrictRotation needs pings, and the engine {connection.Session.Call.Engine.Name} has none. Leave " +
                "it false.");
        }

        if (_options.Connected is not { } hook)
            return;
        var connected = new ConnectedSession(
            connection.Session, connection.Epoch, connection.Previous, isBlock: false);
        try
        {
            await RunAsync("OnConnected", token => hook(connected, token), time, stop).ConfigureAwait(false);
        }
        finally
        {
            connected.Revoke();
        }

        if (connection.HasEnded)
            throw new WebSocketClosedException("The connection ended while OnConnected ran.");
    }

    /// <summary>Reports what is not known to have arrived. A failure is logged.</summary>
    public async Task ReportAsync(UnconfirmedLedger ledger, TimeProvider time, ReconnectTelemetry telemetry)
    {
        if (_options.OnUnconfirmed is not { } hook || ledger.TakeAll() is not { Count: > 0 } messages)
            return;
        try
        {
            await RunAsync(
                "OnUnconfirmed", token => hook(messages, token).AsTask(), time,
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_gate.IsClosed)
        {
            // no callback begins, or goes on, after disposal began
        }
        catch (Exception e)
        {
            telemetry.HookFailed("OnUnconfirmed", e);
        }
    }

    /// <summary>False if the end has begun.</summary>
    public bool TryObserve(Frame frame, int epoch)
    {
        if (_options.Observe is not { } observe)
            return !_gate.IsClosed;
        using CallbackGate.Pass? pass = _gate.TryEnter();
        if (pass is null)
            return false;
        pass.Run(() => observe(frame, epoch));
        return true;
    }

    /// <summary>None begins after this. Those that run are cancelled, and waited for up to the close timeout.</summary>
    public async Task StopAsync(TimeProvider time, TimeSpan closeTimeout)
    {
        Task left = _gate.CloseAsync();
        Abandoned.Cancel(_stopping);
        using var limit = new TimeLimit(time, closeTimeout);
        await limit.CompletesAsync(left).ConfigureAwait(false);
    }

    private static OperationCanceledException Stopped() => new("The ReconnectingWebSocket is being disposed.");

    // The copy of the options that the feed uses.
    private void Guard(ReconnectingWebSocketOptions options)
    {
        if (options.Configure is { } configure)
        {
            options.Configure = async (request, attempt, token) =>
            {
                using CallbackGate.Pass pass = _gate.TryEnter() ?? throw Stopped();
                pass.Mark();
                await configure(request, attempt, token).ConfigureAwait(false);
            };
        }

        if (options.RateLimit is { } rateLimit)
        {
            options.RateLimit = async (bytes, token) =>
            {
                using CallbackGate.Pass pass = _gate.TryEnter() ?? throw Stopped();
                pass.Mark();
                await rateLimit(bytes, token).ConfigureAwait(false);
            };
        }

        if (options.IsTransient is { } isTransient)
            options.IsTransient = verdict => Guarded(() => isTransient(verdict));
        if (options.ServerDelay is { } serverDelay)
            options.ServerDelay = reason => Guarded(() => serverDelay(reason));
        if (options.DuplicateKey is { } duplicateKey)
            options.DuplicateKey = frame => Guarded(() => duplicateKey(frame));
    }

    // The default where the end has begun.
    private TResult? Guarded<TResult>(Func<TResult> function)
    {
        using CallbackGate.Pass? pass = _gate.TryEnter();
        TResult? result = default;
        pass?.Run(() => result = function());
        return result;
    }

    private async Task RunAsync(
        string name, Func<CancellationToken, Task> hook, TimeProvider time, CancellationToken stop)
    {
        CallbackGate.Pass pass = _gate.TryEnter() ?? throw Stopped();
        using var limit = new AttemptLimit(time, _options.ReadyTimeout, stop);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
        CancellationToken token = any.Token;
        Task running = Task.Run(
            async () =>
            {
                using (pass)
                {
                    pass.Mark();
                    if (_stopping.IsCancellationRequested)
                        throw Stopped(); // it has not begun
                    await hook(token).ConfigureAwait(false);
                }
            },
            CancellationToken.None);
        Abandoned.Observe(running);
        try
        {
            await running.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsOver && !stop.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"{name} did not return within {_options.ReadyTimeout.TotalSeconds:0.###} s (ReadyTimeout).");
        }
    }
}
