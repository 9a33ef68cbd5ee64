using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Duplex.Feeds;

/// <summary>
/// One client in a process of its own. It reads commands from its standard input: <c>watch N</c>, <c>heap</c>,
/// <c>attempts</c>, <c>send RATE</c>, <c>pause</c>, <c>end</c>. It ends with its parent.
/// </summary>
internal sealed class ClientProgram : IDisposable
{
    // Longer than any script.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    // With the number about as long as a small order.
    private static readonly string Rest = new('y', 80);

    private readonly ConcurrentQueue<string> _hung = [];
    private readonly AttemptCounter _attempts = new();
    private readonly Inbox _inbox;
    private readonly Outbox _outbox = new();
    private readonly FeedClient _client;
    private Task _sending = Task.CompletedTask;
    private CancellationTokenSource? _pause;

    private ClientProgram(string name, Uri server, long first)
    {
        _inbox = new Inbox(first, passed => Say("passed", passed));
        _client = FeedClient.Create(name, server, _inbox, _outbox);
    }

    public static async Task RunAsync(string name, Uri server, long first)
    {
        using var program = new ClientProgram(name, server, first);
        _ = Task.Delay(Lifetime).ContinueWith(_ => Environment.Exit(3), TaskScheduler.Default);
        _ = program.ReturnsAsync("start", program._client.StartAsync);
        await program.ObeyAsync();
        Environment.Exit(0); // what hangs must not keep the process
    }

    public void Dispose()
    {
        _attempts.Dispose();
        _pause?.Dispose();
    }

    private async Task ObeyAsync()
    {
        // On a thread of its own: reading the standard input blocks.
        while (await Task.Factory.StartNew(Console.In.ReadLine, TaskCreationOptions.LongRunning) is { } line)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "watch":
                    _inbox.Watch(long.Parse(words[1], CultureInfo.InvariantCulture));
                    break;
                case "heap":
                    Say("heap", HeapSize());
                    break;
                case "attempts":
                    Say("attempts", _attempts.Count);
                    break;
                case "send":
                    _pause = new CancellationTokenSource();
                    _sending = SendAsync(int.Parse(words[1], CultureInfo.InvariantCulture), _pause.Token);
                    break;
                case "pause":
                    await _pause!.CancelAsync();
                    await _sending;
                    Say("paused", 0);
                    break;
                case "end":
                    await EndAsync();
                    return;
            }
        }
    }

    private static void Say(string word, long number) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{word} {number}"));

    private static long HeapSize()
    {
        for (int i = 0; i < 2; i++) // finalizers release more
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    // Starts sends at a constant rate, however long each takes, and ends when all have returned or hang.
    private async Task SendAsync(int rate, CancellationToken stopping)
    {
        var all = new List<Task>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rate));
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                all.Add(SendOneAsync(_outbox.Next()));
                all.RemoveAll(task => task.IsCompleted);
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(all);
        }
    }

    private Task SendOneAsync(int number) => ReturnsAsync("send", async () =>
    {
        bool isSent = false;
        try
        {
            isSent = await _client.SendAsync(number, Rest);
        }
        finally
        {
            _outbox.Report(number, isSent);
        }
    });

    private async Task EndAsync()
    {
        await ReturnsAsync("close", _client.CloseAsync);
        await ReturnsAsync("dispose", _client.DisposeAsync);
        var result = new ClientResult(
            _inbox.Last, _inbox.Missing, _inbox.Duplicates, [.. _hung], _outbox.ToString());
        Console.WriteLine($"result {JsonSerializer.Serialize(result)}");
    }

    // Waits for a call, whatever its outcome, or notes that it hangs. On the pool: it may block.
    private async Task ReturnsAsync(string call, Func<Task> start)
    {
        var running = Task.Run(start);
        try
        {
            await running.WaitAsync(ClientSettings.Hang);
        }
        catch (TimeoutException) when (!running.IsCompleted)
        {
            _hung.Enqueue(call);
        }
        catch (Exception)
        {
            // An outcome like any other here.
        }
    }
}
