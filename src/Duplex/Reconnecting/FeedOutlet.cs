using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>Which connection senders use, and where they wait for one. Thread-safe.</summary>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "The token source has no timer and no links, so it holds nothing to dispose.")]
internal sealed class FeedOutlet
{
    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _shutting = new();

    // Under _sync.
    private FeedConnection? _current;
    private bool _isHeld;
    private string? _shut;
    private int _round;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Fires when nothing is sent any more.</summary>
    public CancellationToken Shutting => _shutting.Token;

    /// <summary>Counts the starts. A sender belongs to the one in which it began.</summary>
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

    /// <summary>Senders wait until the next <see cref="Open"/> or <see cref="Release"/>.</summary>
    public void Hold() => Change(() => _isHeld = true);

    /// <summary>Senders use the same connection again.</summary>
    public void Release() => Change(() => _isHeld = false);

    /// <summary>Nothing is sent any more: senders that wait fail, for this reason.</summary>
    public void Shut(string why)
    {
        Change(() => _shut ??= why);
        Abandoned.Cancel(_shutting);
    }

    /// <summary>Senders that wait now fail: the start was undone.</summary>
    public void FailWaiting() => Change(() => _round++);

    /// <summary>A ready connection, on which a send has begun; null if there is none. A hold is waited for.</summary>
    /// <exception cref="WebSocketClosedException">Nothing is sent any more.</exception>
    public async ValueTask<FeedConnection?> TryTakeAsync(CancellationToken token)
    {
        while (true)
        {
            Task changed;
            lock (_sync)
            {
                ThrowIfShut();
                if (_current is not { Connection.HasEnded: false })
                    return null;
                if (!_isHeld)
                    return Begin(_current);
                changed = _changed.Task;
            }

            await changed.WaitAsync(token).ConfigureAwait(false);
        }
    }

    /// <exception cref="WebSocketClosedException">Nothing is sent any more.</exception>
    public void ThrowIfShut()
    {
        lock (_sync)
        {
            if (_shut is not null)
                throw new WebSocketClosedException($"{_shut} The message was not sent.");
        }
    }

    /// <summary>
    /// A ready connection, on which a send has begun, other than <paramref name="not"/>, which has just failed.
    /// </summary>
    /// <exception cref="WebSocketClosedException">Nothing is sent any more, or the start was undone.</exception>
    public async ValueTask<FeedConnection> TakeAsync(FeedConnection? not, int round, CancellationToken token)
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
                    return Begin(current);
                changed = _changed.Task;
            }

            await changed.WaitAsync(token).ConfigureAwait(false);
        }
    }

    private static FeedConnection Begin(FeedConnection connection)
    {
        connection.BeginSend();
        return connection;
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
