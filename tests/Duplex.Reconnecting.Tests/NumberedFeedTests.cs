using System.Globalization;
using Duplex.Testing;

namespace Duplex.Tests;

/// <summary>A feed of numbered messages over a link that fails again and again: each comes exactly once, in order.</summary>
[Collection(Alone.Name)]
public sealed class NumberedFeedTests
{
    private const int Count = 100_000;

    [Fact]
    public async Task Every_message_comes_once_and_in_order_over_a_link_that_fails_every_few_seconds()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        await using var server = new WebSocketTestServer { History = 10 };
        server.OnConnect(async (session, token) =>
        {
            TimeSpan life = TimeSpan.FromSeconds(2 + (3 * random.NextDouble()));
            using var failing = CancellationTokenSource.CreateLinkedTokenSource(token);
            _ = FailAsync(session, server.Time, life, failing.Token);
            string? subscribed = await session.ReceiveTextAsync(token);
            for (int next = int.Parse(subscribed!.Split(' ')[1], CultureInfo.InvariantCulture); next < Count; next++)
            {
                await session.SendAsync($"{next}", token);
                if (next % 100 == 99)
                    await Task.Delay(TimeSpan.FromMilliseconds(100), server.Time, token);
            }

            await session.Completion;
        });
        using HttpClient client = server.CreateClient();
        List<int> got = [];
        await server.Time.AdvanceUntilAsync(ReadNumbersAsync(client, server.Time, got), TimeSpan.FromHours(1));
        Assert.True(Enumerable.Range(0, Count).SequenceEqual(got), $"The seed {seed}: {got.Count} messages.");
        Assert.True(server.ConnectionCount > 20, $"{server.ConnectionCount} connections");
    }

    // The client of docs/how-to/reconnect.md.
    private static async Task ReadNumbersAsync(HttpClient client, TimeProvider time, List<int> got)
    {
        int next = 0;
        await using ReconnectingWebSocket feed = client.CreateReconnectingWebSocket("feed", options =>
        {
            options.TimeProvider = time;
            options.Observe = (frame, _) => next = 1 + int.Parse(((Frame.Text)frame).ReadText(), CultureInfo.InvariantCulture);
            options.OnConnected((connection, token) => connection.SendAsync($"from {next}", token));
        });
        await feed.StartAsync();
        await foreach (Frame frame in feed.Incoming.ReadAllAsync())
        {
            got.Add(int.Parse(((Frame.Text)frame).ReadText(), CultureInfo.InvariantCulture));
            if (got[^1] == Count - 1)
                return;
        }
    }

    private static async Task FailAsync(DefaultWebSocketSession session, TimeProvider time, TimeSpan life, CancellationToken token)
    {
        await Task.Delay(life, time, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        session.Abort();
    }
}
