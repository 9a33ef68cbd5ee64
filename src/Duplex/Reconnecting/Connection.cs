namespace Duplex;

/// <summary>One connection of those that are kept.</summary>
internal sealed class Connection(
    DefaultClientWebSocketSession session, int epoch, DisconnectVerdict? previous, TimeProvider time)
{
    // Set once, when it is ready, by the flow that connects; then once, when it has ended. In ticks.
    private long? _readyAt;
    private long _connectedFor = -1;

    public DefaultClientWebSocketSession Session => session;

    public int Epoch => epoch;

    public DisconnectVerdict? Previous => previous;

    /// <summary>The time since it was ready.</summary>
    public TimeSpan Age => _readyAt is { } ready ? time.GetElapsedTime(ready) : TimeSpan.Zero;

    public bool HasEnded => session.State != WebSocketSessionState.Open;

    private TimeSpan ConnectedFor
    {
        get
        {
            TimeSpan now = _readyAt is { } ready ? time.GetElapsedTime(ready) : TimeSpan.Zero;
            Interlocked.CompareExchange(ref _connectedFor, now.Ticks, -1);
            return TimeSpan.FromTicks(Volatile.Read(ref _connectedFor));
        }
    }

    public void BecomeReady()
    {
        _readyAt = time.GetTimestamp();
        _ = EndAsync();
    }

    /// <summary>Completes when the session has ended, and measures how long it was ready.</summary>
    public async Task<CloseResult> EndAsync()
    {
        CloseResult result = await session.Completion.ConfigureAwait(false);
        _ = ConnectedFor;
        return result;
    }

    public DisconnectVerdict Verdict(DisconnectPhase phase, CloseResult result, Exception? error = null) => new()
    {
        Phase = phase,
        Epoch = epoch,
        Close = result,
        Error = error ?? result.Error,
        ConnectedFor = ConnectedFor,
        LastRoundTrip = session.LastRoundTripTime,
        Statistics = session.Statistics,
    };
}
