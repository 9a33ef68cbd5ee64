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
        if (how.TimeToLive is not { } timeToLive || timeToLive == Timeout.InfiniteTimeSpan)
            return await SendInTurnAsync(message, how, token).ConfigureAwait(false);
        if (timeToLive <= TimeSpan.Zero)
            throw Late(timeToLive);
        using var limit = new CancellationTokenSource(timeToLive, redial.Time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(token, limit.Token);
        try
        {
            return await SendInTurnAsync(message, how, any.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !token.IsCancellationRequested)
        {
            throw Late(timeToLive);
        }
        catch (OperationCanceledException e) when (token.IsCancellationRequested)
        {
            throw new OperationCanceledException("The send was cancelled. The message was not sent.", e, token);
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
        FeedConnection chosen = Choose(how);
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
                : Choose(how);
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
    private FeedConnection Choose(FeedSendOptions how)
    {
        FeedConnection connection = outlet.TryTake() ?? throw NotReady(how);
        if (how.OnlyEpoch is not { } epoch || connection.Epoch == epoch)
            return connection;
        connection.EndSend();
        throw NotReady(how);
    }
}
