namespace Duplex.Tests;

/// <summary>Shorter forms of what the tests of a feed's parts do often.</summary>
internal static class FeedSeams
{
    extension(FeedOutlet outlet)
    {
        /// <summary>The connection that a sender would use now; null also while senders are held.</summary>
        public FeedConnection? Current
        {
            get
            {
                ValueTask<FeedConnection?> taking = outlet.TryTakeAsync(new CancellationToken(canceled: true));
                FeedConnection? current = taking.IsCompletedSuccessfully ? taking.Result : null;
                current?.EndSend();
                return current;
            }
        }
    }

    extension(FeedQueue queue)
    {
        public bool IsFull => !queue.WaitForRoomAsync(0).IsCompleted;
    }

    /// <summary>A message, or a gap, which needs no room.</summary>
    public static bool TryAdd(this FeedQueue queue, FeedItem item)
    {
        if (item.Frame is { } message)
            return queue.TryAdd(item.Epoch, message);
        queue.AddGap(item.Epoch, item.Gap!.Value);
        return true;
    }

    public static void AddAnyway(this FeedQueue queue, FeedItem item)
    {
        if (item.Frame is { } message)
            queue.AddAnyway(item.Epoch, message);
        else
            queue.AddGap(item.Epoch, item.Gap!.Value);
    }

    public static async ValueTask<FeedConnection> WaitAsync(this FeedOutlet outlet, int round, FeedConnection? not, CancellationToken token)
    {
        FeedConnection taken = await outlet.TakeAsync(not, round, token);
        taken.EndSend();
        return taken;
    }

    public static async ValueTask<SendReceipt> SendAsync(this FeedConnection connection, FeedMessage message, SendOptions options, CancellationToken token)
    {
        connection.BeginSend();
        try
        {
            await message.SendAsync(connection.Session, options, token);
            return connection.Book(message);
        }
        finally
        {
            connection.EndSend();
        }
    }

    public static Task SettleAsync(this FeedConnection connection) => connection.SettledAsync();
}
