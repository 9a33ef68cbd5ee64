namespace Duplex.Tests;

/// <summary>How long a test waits for what should come at once, before it fails instead of hanging.</summary>
internal static class Patience
{
    /// <summary>Far above anything a loaded machine needs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(Limit);

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task Soon(this ValueTask task) => task.AsTask().WaitAsync(Limit);

    /// <summary>Waits for a task that should complete at once.</summary>
    public static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Limit);

    /// <summary>
    /// Waits until something that happens on another thread is so. It looks from time to time: a loop that yields would
    /// keep the pool busy, and virtual time would stand still.
    /// </summary>
    public static async Task Until(Func<bool> condition)
    {
        long began = TimeProvider.System.GetTimestamp();
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Limit)
                throw new TimeoutException("It was not so within the limit.");
            await looks.WaitForNextTickAsync();
        }
    }
}
