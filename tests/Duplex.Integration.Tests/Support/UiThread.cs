using System.Collections.Concurrent;

namespace Duplex.Tests;

/// <summary>What a window has: one thread, with a context, and a queue of what it is to do.</summary>
internal sealed class UiThread : SynchronizationContext, IDisposable
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];
    private int _posts;

    public UiThread()
    {
        var thread = new Thread(() =>
        {
            SetSynchronizationContext(this);
            foreach ((SendOrPostCallback callback, object? state) in _work.GetConsumingEnumerable())
                callback(state);
        })
        { IsBackground = true };
        thread.Start();
    }

    /// <summary>How often it was asked for.</summary>
    public int Posts => Volatile.Read(ref _posts);

    public override void Post(SendOrPostCallback d, object? state)
    {
        Interlocked.Increment(ref _posts);
        _work.Add((d, state));
    }

    /// <summary>Runs code on the thread.</summary>
    public Task<T> RunAsync<T>(Func<T> code)
    {
        var ran = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            _ =>
            {
                try
                {
                    ran.SetResult(code());
                }
                catch (Exception e)
                {
                    ran.SetException(e);
                }
            },
            null);
        return ran.Task;
    }

    public void Dispose() => _work.CompleteAdding();
}
