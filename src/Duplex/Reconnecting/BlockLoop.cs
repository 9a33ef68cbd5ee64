using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>Runs a block for each connection, until it is done.</summary>
internal sealed class BlockLoop(
    Redial redial, Func<ConnectedSession, CancellationToken, Task> block, StayConnectedOptions options)
{
    private readonly CallersContext _callers = CallersContext.Capture();

    /// <exception cref="ReconnectException">The connection is given up.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="token"/> fired.</exception>
    public async Task RunAsync(CancellationToken token)
    {
        while (true)
        {
            Connection connection = await redial.ConnectAsync(
                static (_, _) => Task.CompletedTask, token).ConfigureAwait(false);
            redial.Use(connection);
            if (await IsDoneAsync(connection, token).ConfigureAwait(false))
                return;
            CloseResult result = await connection.EndAsync().ConfigureAwait(false);
            redial.Judge(connection.Verdict(DisconnectPhase.Ready, result));
        }
    }

    private async Task<bool> IsDoneAsync(Connection connection, CancellationToken token)
    {
        DefaultClientWebSocketSession session = connection.Session;
        var connected = new ConnectedSession(
            session, connection.Epoch, connection.Previous, isBlock: true);
        using var watch = new IdleWatch(session, redial.Time, options.IdleTimeout);
        watch.Start();
        Exception? thrown = null;
        bool wasOpen;
        await using (session.ConfigureAwait(false))
        {
            using (token.UnsafeRegister(
                static session => ((WebSocketSession)session!).CloseAndDiscard(new CloseReason(CloseCode.GoingAway)),
                session))
            {
                thrown = await RunBlockAsync(connected, token).ConfigureAwait(false);
            }

            wasOpen = session.State == WebSocketSessionState.Open;
            connected.Revoke();
            if (token.IsCancellationRequested)
            {
                session.CloseAndDiscard(new CloseReason(CloseCode.GoingAway));
                throw new OperationCanceledException(
                    "Staying connected was cancelled while its block was running.", thrown, token);
            }

            // What waits for its own close may be cancelled by the token that fires then.
            bool isDone = wasOpen || session.IsClosedByCaller;
            if (thrown is not null && (wasOpen || !MeansLost(thrown)
                || (isDone && thrown is not OperationCanceledException)))
            {
                await session.CloseWithErrorAsync(thrown, CancellationToken.None).ConfigureAwait(false);
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(thrown);
            }

            return connected.IsDone || isDone;
        }
    }

    // Its token: the caller's, which also fires when the session is over and no consumer takes its frames.
    private async Task<Exception?> RunBlockAsync(ConnectedSession connected, CancellationToken token)
    {
        using var any = CancellationTokenSource.CreateLinkedTokenSource(token);
        using var returned = new CancellationTokenSource();
        Task watching = CancelWhenOverAsync(connected.Session, any, returned.Token);
        try
        {
            await _callers.RunAsync(async () =>
            {
                await block(connected, any.Token).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            await returned.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CancelWhenOverAsync(
        DefaultClientWebSocketSession session, CancellationTokenSource block, CancellationToken returned)
    {
        await session.Completion.WaitAsync(returned).ConfigureAwait(false);
        int left = session.Incoming.Count;
        while (left > 0)
        {
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(returned);
            Task pause = Task.Delay(redial.CloseTimeout, redial.Time, timer.Token);
            await Task.WhenAny(session.Incoming.Completion, pause).ConfigureAwait(false);
            await timer.CancelAsync().ConfigureAwait(false);
            returned.ThrowIfCancellationRequested();
            if (session.Incoming.Count is var now && now == left)
                break;
            left = now;
        }

        await block.CancelAsync().ConfigureAwait(false);
    }

    // A cancellation, since the caller's token has not fired, is that of the block's own.
    [SuppressMessage("Style", "IDE0072", Justification = "The default covers all others.")]
    private static bool MeansLost(Exception? error) => error switch
    {
        null => false,
        OperationCanceledException or WebSocketClosedException or WebSocketProtocolException or FrameTooBigException
            or ChannelOverflowException => true,
        AggregateException many => many.InnerExceptions.Any(MeansLost),
        _ => MeansLost(error.InnerException),
    };
}
