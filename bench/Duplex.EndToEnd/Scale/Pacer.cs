using System.Diagnostics;

namespace Duplex.EndToEnd;

/// <summary>Sends at a steady rate, round robin over the sessions.</summary>
internal sealed class Pacer(PacedSession[] sessions)
{
    /// <summary>
    /// Sends messages number 0 to <paramref name="count"/> - 1, each when it is due. What is late is sent at the next
    /// tick.
    /// </summary>
    public Task RunAsync(double rate, int count) => Task.Factory.StartNew(
        () => Run(rate, count), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    // The measured CPU includes this loop, which is the same for all clients in .NET. A thread that sleeps is the
    // lightest: 20 to 30 us a tick on a busy machine. A PeriodicTimer wakes two threads for each tick, took 400 us
    // there, and ticked every 4 ms instead of every one.
    private void Run(double rate, int count)
    {
        long began = Stopwatch.GetTimestamp();
        for (int sent = 0; sent < count;)
        {
            Thread.Sleep(1);
            double due = Math.Min(count, Stopwatch.GetElapsedTime(began).TotalSeconds * rate);
            for (; sent + 1 <= due; sent++)
                sessions[sent % sessions.Length].Send(sent);
        }
    }
}
