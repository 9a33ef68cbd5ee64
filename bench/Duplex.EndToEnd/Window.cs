namespace Duplex.EndToEnd;

/// <summary>Limits a pipelined echo's messages in flight: the sender stops at the limit and resumes at half.</summary>
internal sealed class Window(int most)
{
    private readonly SemaphoreSlim _goOn = new(0);
    private long _received;
    private long _resumeAt = long.MaxValue;

    /// <summary>Waits until message number <paramref name="sent"/> may be sent.</summary>
    public ValueTask EnterAsync(long sent) =>
        sent - Volatile.Read(ref _received) < most ? default : WaitAsync(sent - (most / 2));

    /// <summary>Counts a message that was echoed.</summary>
    public void Received()
    {
        long received = ++_received;
        if (received >= Volatile.Read(ref _resumeAt)
            && Interlocked.Exchange(ref _resumeAt, long.MaxValue) != long.MaxValue)
            _goOn.Release();
    }

    private async ValueTask WaitAsync(long resumeAt)
    {
        Interlocked.Exchange(ref _resumeAt, resumeAt);
        if (Volatile.Read(ref _received) >= resumeAt
            && Interlocked.Exchange(ref _resumeAt, long.MaxValue) != long.MaxValue)
            return;
        await _goOn.WaitAsync();
    }
}
