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
        int round = outlet.Round; // before it waits in line: an undone start fails those that are there, too
        outlet.ThrowIfShut();
        if (!how.Waits)
            Choose(how); // fails before it waits in line
        await _line.EnterAsync(token).ConfigureAwait(false);
        try
        {
            if (options.RateLimit is { } limit)
                await limit(message.Length, token).ConfigureAwait(false);
            FeedConnection? failed = null;
            while (true)
            {
                FeedConnection connection = how.Waits
                    ? await outlet.WaitAsync(round, failed, token).ConfigureAwait(false)
                    : Choose(how);
                try
                {
                    return await connection.SendAsync(message, how.Session, token).ConfigureAwait(false);
                }
                catch (WebSocketClosedException) when (how.Waits)
                {
                    failed = connection;
                }
            }
        }
        finally
        {
            _line.Exit();
        }
    }

    private FeedConnection Choose(FeedSendOptions how)
    {
        outlet.ThrowIfShut();
        FeedConnection? current = outlet.Current;
        if (current is null && how.FailFast)
            throw new WebSocketClosedException("No connection is ready (FailFast). The message was not sent.");
        if (how.OnlyEpoch is { } epoch && current?.Epoch != epoch)
        {
            throw new WebSocketClosedException(
                $"Connection {epoch} is not in use any more (OnlyEpoch). The message was not sent.");
        }

        return current!;
    }
}
