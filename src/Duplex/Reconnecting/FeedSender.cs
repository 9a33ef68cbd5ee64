namespace Duplex;

/// <summary>
/// Sends messages on whichever connection is ready, one after the other. What fails here was surely not sent.
/// Thread-safe.
/// </summary>
internal sealed class FeedSender(FeedOutlet outlet, Redial redial, ReconnectingWebSocketOptions options)
{
    private readonly SenderLine _line = new();

    public async ValueTask<SendReceipt> SendAsync(
        FeedMessage message, FeedSendOptions how, CancellationToken token)
    {
        TimeSpan timeToLive = how.TimeToLive ?? Timeout.InfiniteTimeSpan;
        bool isLimited = timeToLive != Timeout.InfiniteTimeSpan;
        if (isLimited && timeToLive <= TimeSpan.Zero)
            throw Late(timeToLive);
        using CancellationTokenSource? limit = isLimited ? new(timeToLive, redial.Time) : null;
        using CancellationTokenSource? any =
            limit is null ? null : CancellationTokenSource.CreateLinkedTokenSource(token, limit.Token);
        try
        {
            return await SendInTurnAsync(message, how, any?.Token ?? token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (token.IsCancellationRequested)
        {
            throw new OperationCanceledException("The send was cancelled. The message was not sent.", e, token);
        }
        catch (OperationCanceledException) when (limit?.IsCancellationRequested == true)
        {
            throw Late(timeToLive);
        }
    }

    private static TimeoutException Late(TimeSpan timeToLive) => new(
        $"The message could not be sent within its time to live of {timeToLive.TotalSeconds:0.###} s. " +
        "It was not sent.");

    private async ValueTask<SendReceipt> SendInTurnAsync(
        FeedMessage message, FeedSendOptions how, CancellationToken token)
    {
        int round = outlet.Round;
        if (how.Waits)
        {
            await _line.EnterAsync(token).ConfigureAwait(false);
            try
            {
                return await SendAsync(message, how, round, token).ConfigureAwait(false);
            }
            finally
            {
                _line.Exit();
            }
        }

        // One that waits for no connection does not wait in line for another that does.
        FeedConnection chosen = await ChooseAsync(how, token).ConfigureAwait(false);
        chosen.EndSend();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(token, chosen.Session.Closed);
        try
        {
            await _line.EnterAsync(ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            throw NotReady(how);
        }

        try
        {
            return await SendAsync(message, how, round, token).ConfigureAwait(false);
        }
        finally
        {
            _line.Exit();
        }
    }

    private async ValueTask<SendReceipt> SendAsync(
        FeedMessage message, FeedSendOptions how, int round, CancellationToken token)
    {
        outlet.ThrowIfShut();
        if (options.RateLimit is { } limit)
            await WaitForRateAsync(limit, message.Length, token).ConfigureAwait(false);
        FeedConnection? failed = null;
        while (true)
        {
            FeedConnection connection = how.Waits
                ? await outlet.TakeAsync(failed, round, token).ConfigureAwait(false)
                : await ChooseAsync(how, token).ConfigureAwait(false);
            try
            {
                await message.SendAsync(connection.Session, how.Session, token).ConfigureAwait(false);
                return connection.Book(message);
            }
            catch (WebSocketClosedException) when (how.Waits)
            {
                failed = connection;
            }
            finally
            {
                connection.EndSend();
            }
        }
    }

    private async ValueTask WaitForRateAsync(
        Func<int, CancellationToken, ValueTask> limit, int bytes, CancellationToken token)
    {
        using var any = CancellationTokenSource.CreateLinkedTokenSource(token, outlet.Shutting);
        try
        {
            await limit(bytes, any.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            outlet.ThrowIfShut();
            throw;
        }
    }

    private static WebSocketClosedException NotReady(FeedSendOptions how) => new(how.OnlyEpoch is { } epoch
        ? $"Connection {epoch} is not in use (OnlyEpoch). The message was not sent."
        : "No connection is ready (FailFast). The message was not sent.");

    // A send has begun on the result.
    private async ValueTask<FeedConnection> ChooseAsync(FeedSendOptions how, CancellationToken token)
    {
        FeedConnection connection = await outlet.TryTakeAsync(token).ConfigureAwait(false) ?? throw NotReady(how);
        if (how.OnlyEpoch is not { } epoch || connection.Epoch == epoch)
            return connection;
        connection.EndSend();
        throw NotReady(how);
    }
}
