using System.Net.WebSockets;
using System.Text;
using MarketFeed;
using Microsoft.Extensions.Options;

namespace Duplex.Tests;

/// <summary>The client of the sample, with the sample's own exchange; no browser is needed.</summary>
public sealed class FeedClientTests
{
    [Fact]
    public async Task It_receives_all_symbols_and_measures_the_round_trip()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync();
        var symbols = new HashSet<string>();

        await UntilAsync(host, update =>
        {
            symbols.UnionWith(update.Quotes.Select(quote => quote.Symbol));
            Assert.All(update.Quotes, quote => Assert.InRange(quote.LatencyMs, 0, Patience.Limit.TotalMilliseconds));
            return symbols.Count == 6 && update.Status is { State: FeedState.Open, RoundTripMs: > 0 };
        });
    }

    [Fact]
    public async Task After_the_feed_closed_it_tries_until_the_feed_is_back()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync();
        await UntilAsync(host, IsOpen);

        host.Exchange.Close();
        await UntilAsync(host, update => update.Status is { State: FeedState.Waiting } status
            && status.Detail.Contains("503", StringComparison.Ordinal));
        host.Exchange.Open();

        await UntilAsync(host, IsOpen);
    }

    [Fact]
    public async Task After_a_lost_connection_it_waits_and_stops_at_once_when_asked()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync("--Feed:FirstRetry", "1:0:0", "--Feed:LongestRetry", "1:0:0");
        await UntilAsync(host, IsOpen);

        host.Exchange.Drop();

        await UntilAsync(host, update => update.Status is { State: FeedState.Waiting } status
            && status.Detail.Contains("lost without a Close frame", StringComparison.Ordinal));
        await host.StopAsync();
    }

    [Fact]
    public async Task It_tells_why_the_feed_refuses_it()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync("--Feed:Symbols:0", "NO-SUCH");

        await UntilAsync(host, update =>
            update.Status.Detail == "The feed closed: 1008 PolicyViolation: A symbol is unknown.");
    }

    [Theory]
    [InlineData("{\"symbols\":[null]}")]
    [InlineData("{\"symbols\":[]}")]
    [InlineData("{}")]
    public async Task The_exchange_refuses_a_request_without_sense(string json)
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync();
        using var stranger = new ClientWebSocket();
        await stranger.ConnectAsync(new Uri($"{host.Address.Replace("http", "ws", StringComparison.Ordinal)}/exchange"), CancellationToken.None).Soon();
        await stranger.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, true, CancellationToken.None).Soon();

        WebSocketReceiveResult answer = await stranger.ReceiveAsync(new byte[100], CancellationToken.None).Soon();

        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.PolicyViolation), (answer.MessageType, answer.CloseStatus));
    }

    [Fact]
    public async Task Stopping_closes_the_session_with_1001()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync();
        await UntilAsync(host, IsOpen);

        await host.StopAsync();

        // Both sides belong to the program that stops; either may be the first.
        Assert.Equal(FeedState.Stopped, host.Board.Status.State);
        Assert.Matches(
            "^(We|The feed) closed: 1001 GoingAway: The (program|exchange) stops.$", host.Board.Status.Detail);
    }

    [Theory, InlineData("--Feed:FirstRetry", "00:00:00"), InlineData("--Feed:LongestRetry", "00:00:00.001")]
    public async Task A_setting_without_sense_fails_the_start(string key, string value) =>
        await Assert.ThrowsAsync<OptionsValidationException>(() => MarketFeedHost.StartAsync(key, value));

    private static bool IsOpen(BoardUpdate update) => update is { Status.State: FeedState.Open, Quotes.Count: > 0 };

    private static async Task UntilAsync(MarketFeedHost host, Func<BoardUpdate, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        await foreach (BoardUpdate update in host.Board.FollowAsync(limit.Token))
        {
            if (condition(update))
                return;
        }

        Assert.Fail($"It was not so within the limit; the status is {host.Board.Status}.");
    }
}
