using Duplex;
using Microsoft.Extensions.Options;

namespace MarketFeed;

/// <summary>Follows the feed until the program stops, and opens a new session after each end.</summary>
public sealed partial class FeedClient(
    IHttpClientFactory clients,
    PriceBoard board,
    IOptions<FeedSettings> settings,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<FeedClient> logger) : BackgroundService
{
    /// <summary>The name of its HttpClient.</summary>
    public const string Name = "feed";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Kestrel waits for its connections before the host cancels stoppingToken. One of them is our own session, with
        // the simulated exchange. So this service ends with ApplicationStopping, which comes first.
        CancellationToken stopping = lifetime.ApplicationStopping;
        if (!await HasStartedAsync(stoppingToken))
            return;

        var retry = new RetryDelay(settings.Value.FirstRetry, settings.Value.LongestRetry);
        while (true)
        {
            string end = await FollowAsync(retry, stopping);
            if (stopping.IsCancellationRequested)
            {
                board.Status = new FeedStatus(FeedState.Stopped, end);
                return;
            }

            TimeSpan delay = retry.Next();
            LogRetry(delay.TotalSeconds);
            board.Status = new FeedStatus(FeedState.Waiting, end);
            await Task.Delay(delay, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Runs one session, from the handshake to its end.</summary>
    /// <returns>How it ended.</returns>
    private async Task<string> FollowAsync(RetryDelay retry, CancellationToken stopping)
    {
        // A new client each time: the factory then renews its handlers. It costs next to nothing.
        HttpClient client = clients.CreateClient(Name);
        board.Status = new FeedStatus(FeedState.Connecting, $"{client.BaseAddress}");
        try
        {
            await using DefaultClientWebSocketSession session =
                await client.WebSocketSessionAsync(settings.Value.Path, stopping);

            // Stopping closes the session and does not cancel the loop below: it ends normally, after the last tick.
            await using CancellationTokenRegistration closing =
                stopping.Register(() => _ = session.CloseAsync(CloseCode.GoingAway, "The program stops."));

            var subscribe = new Subscribe(settings.Value.Symbols);
            await session.SendAsJsonAsync(subscribe, MarketJson.Default.Subscribe, stopping);
            board.Status = new FeedStatus(FeedState.Open, $"{session.Call.Request.Uri}");
            _ = PingAsync(session); // ends with the session
            IAsyncEnumerable<Tick?> ticks = session.ReceiveAllFromJsonAsync(MarketJson.Default.Tick, default);
            await foreach (Tick? tick in ticks)
            {
                if (tick is null)
                    continue; // the JSON null
                TimeSpan latency = time.GetUtcNow() - tick.Time;
                board.Add(new Quote(tick.Symbol, tick.Price, tick.Time, latency.TotalMilliseconds));
                retry.Reset(); // only now: a feed that accepts sessions and ends them at once is not healthy
            }

            CloseResult end = await session.Completion;
            return end.Initiator == CloseInitiator.Local
                ? $"We closed: {end.Sent}"
                : $"The feed closed: {end.Received}";
        }
        catch (WebSocketException e) // refused, lost, or not what we expected: the message says which
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) // during a handshake
        {
            return "The program stops.";
        }
    }

    /// <summary>Measures the round trip every second, while the session is open.</summary>
    private async Task PingAsync(DefaultClientWebSocketSession session)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            do
            {
                TimeSpan roundTrip = await session.PingAsync(session.Closed);
                board.SetRoundTrip(roundTrip);
            }
            while (await timer.WaitForNextTickAsync(session.Closed));
        }
        catch (Exception e) when (e is WebSocketClosedException or OperationCanceledException or TimeoutException)
        {
            // The session has ended, or is about to be ended by Duplex's own pings. The receiver reports how.
        }
    }

    // Kestrel, and with it the simulated exchange, listens once the host has started.
    private async Task<bool> HasStartedAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration =
            lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return started.Task.IsCompletedSuccessfully;
    }

    // Duplex itself logs how a session ended, or why none was opened.
    [LoggerMessage(1, LogLevel.Information, "The next attempt begins in {Seconds:0.0} s.")]
    private partial void LogRetry(double seconds);
}
