namespace Duplex;

/// <summary>Sends a heartbeat's messages between those of the application, one at a time. Thread-safe.</summary>
internal sealed class HeartbeatSender(Heartbeat heartbeat, FrameSender sender, SendPump pump, TimeProvider time)
{
    // 0, or 1 from TryEnterAsync to the end of SendAsync.
    private int _isSending;

    // Written by SendAsync, read on any thread; the first last.
    private ulong _number;
    private long _sentAt;

    // Written by the receive loop, read on any thread. In ticks; -1 until the first reply.
    private long _lastRoundTrip = -1;

    public bool HasReplies => heartbeat.HasReplies;

    public TimeSpan? LastRoundTripTime =>
        Volatile.Read(ref _lastRoundTrip) is var ticks and >= 0 ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>
    /// True if a message can be sent now, by <see cref="SendAsync"/>. False if the one before is not accepted yet, or a
    /// fragmented message of the application is unfinished.
    /// </summary>
    public async Task<bool> TryEnterAsync()
    {
        if (Interlocked.Exchange(ref _isSending, 1) != 0)
            return false;
        bool isEntered = false;
        try
        {
            return isEntered = await sender.TryEnterMessageAsync().ConfigureAwait(false);
        }
        finally
        {
            if (!isEntered)
                Volatile.Write(ref _isSending, 0);
        }
    }

    /// <summary>Completes when the transport has accepted the message.</summary>
    public async Task SendAsync(ulong number)
    {
        try
        {
            try
            {
                Frame message = heartbeat.CreateMessage();
                Volatile.Write(ref _sentAt, time.GetTimestamp());
                Volatile.Write(ref _number, number); // before it is sent: the reply may be faster than we
                await sender.SendFragmentAsync(
                    message.Type, message.Data, fin: true, default, CancellationToken.None, waitsForRoom: true)
                    .ConfigureAwait(false);
            }
            finally
            {
                sender.ExitMessage();
            }

            await pump.FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _isSending, 0);
        }
    }

    /// <summary>
    /// Whether a message is a reply; if so, the number of the message that was sent last, which it answers.
    /// </summary>
    public bool TryTakeReply(Frame message, out ulong number)
    {
        number = 0;
        if (!heartbeat.IsReply(message))
            return false;
        number = Volatile.Read(ref _number);
        if (number > 0) // else it came unasked
            Volatile.Write(ref _lastRoundTrip, time.GetElapsedTime(Volatile.Read(ref _sentAt)).Ticks);
        return true;
    }
}
