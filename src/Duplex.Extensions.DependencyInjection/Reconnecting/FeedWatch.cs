namespace Duplex;

/// <summary>Measures for how long a WebSocket has had no ready connection, by its clock.</summary>
internal sealed class FeedWatch
{
    private readonly TimeProvider _time;

    // Written by the watch, read by any thread.
    private volatile Observation _last;

    /// <summary>Begins to watch, until the WebSocket is stopped.</summary>
    public FeedWatch(ReconnectingWebSocket socket, TimeProvider time)
    {
        _time = time;
        _last = new Observation(socket.Current, time.GetTimestamp());
        _ = WatchAsync(socket);
    }

    /// <summary>The last change, and for how long there has been no ready connection; zero if there is one.</summary>
    public (ConnectionChange Change, TimeSpan Without) Read()
    {
        Observation last = _last;
        return (last.Change, IsWithout(last.Change) ? _time.GetElapsedTime(last.Since) : TimeSpan.Zero);
    }

    private static bool IsWithout(ConnectionChange change) =>
        change.Phase is ConnectionPhase.Connecting or ConnectionPhase.Lost or ConnectionPhase.Waiting;

    private async Task WatchAsync(ReconnectingWebSocket socket)
    {
        await foreach (ConnectionChange change in socket.Changes.ConfigureAwait(false))
        {
            // One change follows another while no connection is ready.
            long since = IsWithout(_last.Change) ? _last.Since : _time.GetTimestamp();
            _last = new Observation(change, since);
        }
    }

    private sealed record Observation(ConnectionChange Change, long Since);
}
