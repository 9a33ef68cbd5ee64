namespace Duplex.Tests;

/// <summary>Threads that compute without a pause: a loaded machine.</summary>
internal sealed class BusyThreads : IDisposable
{
    private readonly Thread[] _threads;
    private volatile bool _isOver;

    public BusyThreads(int count)
    {
        _threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(Run) { IsBackground = true })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    public void Dispose()
    {
        _isOver = true;
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Run()
    {
        while (!_isOver)
            Thread.SpinWait(100);
    }
}
