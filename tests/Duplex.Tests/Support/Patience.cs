namespace Duplex.Tests;

/// <summary>How long a test waits for what should come at once, before it fails instead of hanging.</summary>
internal static class Patience
{
    /// <summary>Far above anything a loaded machine needs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The same for what takes its seconds on any machine, as another process does.</summary>
    public static readonly TimeSpan LongLimit = 4 * Limit;

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(Limit);

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Limit);

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(Limit);

    /// <summary>Waits until something that happens on another thread is so, by yielding to it.</summary>
    /// <param name="condition">What should be so.</param>
    /// <param name="instead">If it is not: what is so instead, in words.</param>
    public static async Task Until(Func<bool> condition, Func<string>? instead = null)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Limit)
                throw new TimeoutException($"It was not so within the limit{(instead is null ? "" : $": {instead()}")}.");
            await Task.Yield();
        }
    }
}
