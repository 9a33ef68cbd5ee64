namespace Duplex;

/// <summary>
/// Confirms what a connection has sent: a pong answers a ping that was staged after the messages (RFC 6455 §5.5.3).
/// So the peer's endpoint has got them.
/// </summary>
internal sealed class Confirmation(
    DefaultWebSocketSession session, UnconfirmedLedger ledger, TimeProvider time, TimeSpan interval)
{
    // 0, or 1 while a ping is due or in flight.
    private int _isBusy;

    /// <summary>After a message was staged.</summary>
    public void OnSent()
    {
        if (interval == Timeout.InfiniteTimeSpan || Interlocked.Exchange(ref _isBusy, 1) != 0)
            return;
        using (AmbientFlow.Suppress()) // it outlives the call
            _ = ConfirmAsync();
    }

    private async Task ConfirmAsync()
    {
        if (OperatingSystem.IsBrowser())
            return; // it has no pings
        try
        {
            do
            {
                await Task.Delay(interval, time, session.Closed).ConfigureAwait(false);
                long sent = ledger.Last;
                await session.PingAsync(session.Closed).ConfigureAwait(false);
                ledger.Confirm(sent);
            }
            while (!ledger.IsEmpty);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or NotSupportedException)
        {
            return; // the end confirms, or does not
        }
        catch (TimeoutException)
        {
            // the next message tries again
        }

        Volatile.Write(ref _isBusy, 0);
        if (!ledger.IsEmpty)
            OnSent(); // a message came at the last moment
    }
}
