using System.Collections.Concurrent;

namespace Duplex.Tests;

/// <summary>A synchronization context with one thread of its own, like that of a window or of a test runner.</summary>
internal sealed class Pump : SynchronizationContext, IDisposable
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _posts = [];
    private readonly Thread _thread;

    public Pump()
    {
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public override void Post(SendOrPostCallback d, object? state) => _posts.Add((d, state));

    /// <summary>Runs code there.</summary>
    public Task RunAsync(Func<Task> code)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(async _ =>
        {
            try
            {
                await code();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }, null);
        return done.Task;
    }

    public void Dispose()
    {
        _posts.CompleteAdding();
        _thread.Join();
        _posts.Dispose();
    }

    private void Run()
    {
        SetSynchronizationContext(this);
        foreach ((SendOrPostCallback callback, object? state) in _posts.GetConsumingEnumerable())
            callback(state);
    }
}
