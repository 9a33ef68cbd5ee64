namespace Duplex.Feeds;

/// <summary>A connection of a client, as the server sees it: it sends the log from the number asked for.</summary>
/// <param name="server">The server.</param>
/// <param name="client">The name that the client has in its URL.</param>
internal abstract class FeedPeer(FeedServer server, string client) : IDisposable
{
    // Twenty messages at the rate of the log: a timer that is late by a few milliseconds changes nothing.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _ended = new();

    // Touched by the receiving loop only: one subscription at a time, the last one counts.
    private CancellationTokenSource? _subscription;

    public string Client => client;

    /// <summary>Fires when the connection has ended.</summary>
    protected CancellationToken Ended => _ended.Token;

    /// <summary>Sends the log from a number on, in place of what was sent before.</summary>
    public void Subscribe(long from)
    {
        _subscription?.Cancel();
        _subscription?.Dispose();
        _subscription = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        CancellationToken stopping = _subscription.Token;
        _ = Task.Run(() => PushAsync(from, stopping), CancellationToken.None);
    }

    /// <summary>Closes the connection as a server does that restarts.</summary>
    public async Task CloseAsync(int code)
    {
        await _sending.WaitAsync(Ended);
        try
        {
            _subscription?.Cancel();
            await CloseCoreAsync(code);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Ends what the connection does.</summary>
    public void End() => _ended.Cancel();

    public void Dispose()
    {
        _subscription?.Dispose();
        _ended.Dispose();
        _sending.Dispose();
    }

    protected abstract Task SendAsync(string text, CancellationToken stopping);

    protected abstract Task CloseCoreAsync(int code);

    private async Task PushAsync(long next, CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                for (long head = server.Log.Head; next <= head; next++)
                {
                    await _sending.WaitAsync(stopping);
                    try
                    {
                        stopping.ThrowIfCancellationRequested();
                        await SendAsync(FeedLog.TextOf(next), _ended.Token);
                    }
                    finally
                    {
                        _sending.Release();
                    }
                }

                await Task.Delay(Step, stopping);
            }
        }
        catch (Exception)
        {
            // The connection ended: whatever it threw, there is nothing more to send.
        }
    }
}
