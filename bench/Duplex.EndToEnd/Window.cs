namespace Duplex.EndToEnd;

/// <summary>How many messages of a pipelined echo are on their way: the sender waits at the most, and goes on at half.</summary>
internal sealed class Window(int most)
{
    private readonly SemaphoreSlim _goOn = new(0);
    private long _received;
    private long _resumeAt = long.MaxValue;

    /// <summary>Waits until message number <paramref name="sent"/> may go.</summary>
    public ValueTask EnterAsync(long sent) => sent - Volatile.Read(ref _received) < most ? default : WaitAsync(sent - (most / 2));

    /// <summary>A message has come back.</summary>
    public void Received()
    {
        long received = ++_received;
        if (received >= Volatile.Read(ref _resumeAt) && Interlocked.Exchange(ref _resumeAt, long.MaxValue) != long.MaxValue)
            _goOn.Release();
    }

    private async ValueTask WaitAsync(long resumeAt)
    {
        Interlocked.Exchange(ref _resumeAt, resumeAt);
        if (Volatile.Read(ref _received) >= resumeAt && Interlocked.Exchange(ref _resumeAt, long.MaxValue) != long.MaxValue)
            return;
        await _goOn.WaitAsync();
    }
}
