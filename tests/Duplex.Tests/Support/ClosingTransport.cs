namespace Duplex.Tests;

/// <summary>A session that is about to end, and its peer: what a row of the closing rules needs.</summary>
internal abstract class ClosingTransport : IAsyncDisposable
{
    public abstract WebSocketSession Session { get; }

    public abstract TestClock Time { get; }

    /// <summary>Whether writes wait for <see cref="TakeAll"/>. A socket takes them while its buffer has room.</summary>
    public abstract bool HoldsWrites { get; }

    /// <summary>Brings the session to where each row begins: "one" and "two" are queued, "staged" is sent.</summary>
    public async Task PrepareAsync()
    {
        await SendAsync("81 03 6f6e65");
        await SendAsync("81 03 74776f");
        await Queued(2);
        await StageAsync();
    }

    /// <summary>Lets the peer read what the session writes.</summary>
    public abstract void TakeAll();

    /// <summary>Sends the session bytes given in hex, in one piece; spaces do not count.</summary>
    public abstract Task SendAsync(string hex);

    /// <summary>Ends what the peer sends, without an error.</summary>
    public abstract Task EndAsync();

    /// <summary>Receives the next frame that the session sent, in words.</summary>
    public abstract Task<string> SentAsync();

    /// <summary>Makes the session's next, or pending, read fail.</summary>
    public abstract Task BreakReadsAsync();

    /// <summary>Makes a write of the session fail before any read does.</summary>
    /// <returns>The exception that the write throws; null if the socket chooses it.</returns>
    public abstract Task<Exception?> BreakWritesAsync();

    /// <summary>Lets so much time pass, after which <paramref name="end"/> is to complete.</summary>
    public virtual Task PassToEndAsync(TimeSpan time, Task end) => Time.PassStepwise(time, end);

    /// <summary>Observes the ended session in every way that a caller and a peer can.</summary>
    public abstract Task<Ending> ObserveAsync();

    /// <summary>Waits until so many frames can be received without waiting.</summary>
    public Task Queued(int frames) => Patience.Until(() => Session.Incoming.Count >= frames);

    /// <summary>Waits until the session is in a state.</summary>
    public Task Until(WebSocketSessionState state) => Patience.Until(() => Session.State == state);

    /// <summary>Waits until the transport has accepted all that was sent.</summary>
    public Task Flushed() => Patience.Until(() => Session.BufferedBytes == 0);

    public abstract ValueTask DisposeAsync();

    /// <summary>Sends "staged".</summary>
    protected virtual Task StageAsync() => Session.SendAsync("staged").AsTask();
}
