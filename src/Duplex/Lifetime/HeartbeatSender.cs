namespace Duplex;

/// <summary>Sends a heartbeat's messages between those of the application, one at a time. Thread-safe.</summary>
internal sealed class HeartbeatSender(FrameSender sender, SendPump pump)
{
    // 0, or 1 while a message is being sent.
    private int _isSending;

    /// <summary>
    /// True when the transport has accepted the message. False if it is not sent: the one before is not accepted yet, or
    /// a fragmented message of the application is unfinished.
    /// </summary>
    public async Task<bool> TrySendAsync(Frame message)
    {
        if (Interlocked.Exchange(ref _isSending, 1) != 0)
            return false;
        try
        {
            if (!await sender.TryEnterMessageAsync().ConfigureAwait(false))
                return false;
            try
            {
                await sender.SendFragmentAsync(message.Type, message.Data, fin: true, default, CancellationToken.None)
                    .ConfigureAwait(false);
            }
            finally
            {
                sender.ExitMessage();
            }

            await pump.FlushAsync().ConfigureAwait(false);
            return true;
        }
        finally
        {
            Volatile.Write(ref _isSending, 0);
        }
    }
}
