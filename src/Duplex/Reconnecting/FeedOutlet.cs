namespace Duplex;

/// <summary>Which connection senders use, and where they wait for one. Thread-safe.</summary>
internal sealed class FeedOutlet
{
    private readonly Lock _sync = new();

    // Under _sync.
    private FeedConnection? _current;
    private bool _isHeld;
    private string? _shut;
    private int _round;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The connection to use now; null if none is ready.</summary>
    public FeedConnection? Current
    {
        get
        {
            lock (_sync)
                return _isHeld || _current is not { Connection.HasEnded: false } ? null : _current;
        }
    }

    /// <summary>Which start this is, for <see cref="WaitAsync"/>. Ends with <see cref="FailWaiting"/>.</summary>
    public int Round
    {
        get
        {
            lock (_sync)
                return _round;
        }
    }

    /// <summary>Senders use this connection from now on.</summary>
    public void Open(FeedConnection connection) => Change(() => (_current, _isHeld) = (connection, false));

    /// <summary>Senders wait until the next <see cref="Open"/>.</summary>
    public void Hold() => Change(() => _isHeld = true);

    /// <summary>Nothing is sent any more: senders that wait fail, for this reason.</summary>
    public void Shut(string why) => Change(() => _shut ??= why);

    /// <summary>Senders that wait now fail: the start was undone.</summary>
    public void FailWaiting() => Change(() => _round++);

    /// <exception cref="WebSocketClosedException">Nothing is sent any more.</exception>
    public void ThrowIfShut()
    {
        lock (_sync)
        {
            if (_shut is not null)
                throw new WebSocketClosedException($"{_shut} The message was not sent.");
        }
    }

    /// <summary>A ready connection other than <paramref name="not"/>, which has just failed.</summary>
    /// <exception cref="WebSocketClosedException">Nothing is sent any more, or the round is over.</exception>
    public async ValueTask<FeedConnection> WaitAsync(int round, FeedConnection? not, CancellationToken token)
    {
        while (true)
        {
            Task changed;
            lock (_sync)
            {
                ThrowIfShut();
                if (_round != round)
                {
                    throw new WebSocketClosedException(
                        "The start of the ReconnectingWebSocket was cancelled. The message was not sent.");
                }

                if (!_isHeld && _current is { } current && current != not)
                    return current;
                changed = _changed.Task;
            }

            await changed.WaitAsync(token).ConfigureAwait(false);
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_sync)
        {
            change();
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
