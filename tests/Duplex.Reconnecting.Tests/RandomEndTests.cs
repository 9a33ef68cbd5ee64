namespace Duplex.Tests;

/// <summary>Whatever state a feed is in when it is stopped, it ends soon, calls nothing after that, and leaves nothing behind.</summary>
[Collection(Alone.Name)]
public sealed class RandomEndTests
{
    // Each round has many moments at which the stop can fall; DUPLEX_ROUNDS=100000 is the long run.
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("DUPLEX_ROUNDS") ?? "2000", null);

    [Fact]
    public async Task Stop_dispose_and_cancel_at_random_moments_end_in_bounded_time()
    {
        System.Collections.Concurrent.ConcurrentQueue<string> unobserved = [];
        void Note(object? sender, UnobservedTaskExceptionEventArgs e) => unobserved.Enqueue(e.Exception.ToString());
        GC.Collect(); // what other tests have left is not ours
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            int seed = Environment.TickCount;
            await Parallel.ForAsync(0, Rounds, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (round, _) =>
            {
                try
                {
                    await RunAsync(new Random(seed + round));
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Round with the seed {seed + round} failed.", e);
                }
            });
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.True(unobserved.IsEmpty, string.Join(Environment.NewLine, unobserved));
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }
    }

    private static async Task RunAsync(Random random)
    {
        // Virtual time passes at once, and with it the time for which a function that runs is waited for.
        bool abandons = random.Next(2) == 0;
        await using var scene = new Scene(ws => ws.CloseTimeout = abandons ? TimeSpan.FromSeconds(5) : TimeSpan.FromHours(1));
        scene.Otherwise = (request, token) => random.Next(4) switch
        {
            0 => throw new HttpRequestException(HttpRequestError.ConnectionError, "refused"),
            1 => Task.FromResult(new HttpResponseMessage(System.Net.HttpStatusCode.ServiceUnavailable)),
            _ => Task.FromResult(scene.Upgrade(request)),
        };
        bool isOver = false;
        int late = 0;
        void Called()
        {
            if (Volatile.Read(ref isOver))
                Interlocked.Increment(ref late);
        }

        ReconnectingWebSocket feed = scene.CreateFeed(options =>
        {
            options.Random = random.NextDouble;
            options.MaxConnectionAge = TimeSpan.FromSeconds(1);
            options.Observe = (_, _) => { };
            options.OnUnconfirmed = async (_, _) =>
            {
                Called();
                await Task.Yield();
            };
            options.OnConnected(async (connection, token) =>
            {
                Called();
                await connection.SendAsync("hello", token);
                if (random.Next(4) == 0)
                    throw new FormatException("not ready");
            });
        });
        Task serving = ServeAsync(scene, random, () => Volatile.Read(ref isOver));
        using var cancel = new CancellationTokenSource();
        Task started = feed.StartAsync(cancel.Token);
        Task[] users =
        [
            .. Enumerable.Range(0, 2).Select(number => Task.Run(async () =>
            {
                while (!Volatile.Read(ref isOver))
                {
                    await feed.SendAsync("x");
                    await Task.Yield();
                }
            })),
            Task.Run(async () =>
            {
                await foreach (FeedItem item in feed.IncomingWithGaps)
                    item.Frame?.Recycle();
            }),
        ];
        for (int steps = random.Next(40); steps > 0; steps--)
        {
            scene.Time.Advance(TimeSpan.FromMilliseconds(random.Next(300)));
            for (int yields = random.Next(8); yields > 0; yields--)
                await Task.Yield();
        }

        switch (random.Next(3))
        {
            case 0:
                await cancel.CancelAsync();
                break;
            case 1:
                Task closing = feed.CloseAsync();
                await PassAsync(scene, closing);
                break;
            default:
                break;
        }

        Task disposing = feed.DisposeAsync().AsTask();
        await PassAsync(scene, disposing);
        Volatile.Write(ref isOver, true);
        await feed.Completion.Soon();
        foreach (Task user in (Task[])[.. users, started])
            await user.Soon().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await serving.Soon();
        await Patience.Until(() => scene.Time.ArmedTimers == 0 || Advanced(scene));
        if (!abandons)
            Assert.Equal(0, late);
    }

    // Sessions of the server have deadlines, too. Together less than the longer close timeout.
    private static async Task PassAsync(Scene scene, Task end)
    {
        for (int i = 0; i < 100 && !end.IsCompleted; i++)
            await scene.Time.PassStepwise(TimeSpan.FromSeconds(15), end);
        await end.Soon();
    }

    // Sessions of the server may wait for the end of theirs.
    private static bool Advanced(Scene scene)
    {
        scene.Time.Advance(TimeSpan.FromSeconds(1));
        return false;
    }

    private static async Task ServeAsync(Scene scene, Random seeds, Func<bool> isOver)
    {
        var random = new Random(seeds.Next());
        while (!isOver())
        {
            if (!scene.HasAccepted)
            {
                await Task.Yield();
                continue;
            }

            DefaultWebSocketSession session = await scene.AcceptedAsync();
            try
            {
                for (int messages = random.Next(5); messages > 0; messages--)
                    await session.SendAsync("y");
                if (random.Next(2) == 0)
                    session.Abort();
                else
                    session.CloseAndDiscard(CloseReason.Normal);
            }
            catch (WebSocketException)
            {
            }
        }
    }
}
