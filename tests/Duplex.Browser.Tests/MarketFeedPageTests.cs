using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Duplex.Tests;

/// <summary>The page of the sample MarketFeed.</summary>
public sealed partial class MarketFeedPageTests(Browser browser) : IClassFixture<Browser>
{
    private static readonly LocatorAssertionsToHaveTextOptions Patient =
        new() { Timeout = (float)Patience.Limit.TotalMilliseconds };

    [Fact]
    public async Task It_shows_prices_that_move_a_chart_and_latencies()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync();
        IPage page = await browser.OpenAsync(host.Address);
        List<string> errors = Errors(page);

        await Expect(page.Locator("#state")).ToHaveTextAsync("open", Patient);
        await Expect(page.Locator("#symbols button")).ToHaveCountAsync(6, new() { Timeout = Patient.Timeout });
        await Expect(page.Locator("#latency")).ToHaveTextAsync(Milliseconds(), Patient);
        await Expect(page.Locator("#round-trip")).ToHaveTextAsync(Milliseconds(), Patient);
        string price = await page.Locator("#price").InnerTextAsync();
        await Expect(page.Locator("#price")).Not.ToHaveTextAsync(price, Patient);
        await page.WaitForFunctionAsync("document.getElementById('chart').dataset.points > 5");
        Assert.True(await page.EvaluateAsync<int>(PaintedPixels) > 1000);

        await page.Locator("#symbols button", new() { HasText = "USD-JPY" }).ClickAsync();
        await Expect(page.Locator("#symbol")).ToHaveTextAsync("USD-JPY", Patient);
        await Expect(page.Locator("#price")).ToHaveTextAsync(Yen(), Patient);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task It_shows_a_feed_that_stops_and_recovers()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync();
        IPage page = await browser.OpenAsync(host.Address);
        await Expect(page.Locator("#state")).ToHaveTextAsync("open", Patient);

        await page.Locator("[data-action=close]").ClickAsync();
        await Expect(page.Locator("#connection")).ToHaveAttributeAsync(
            "data-state", NotOpen(), new() { Timeout = Patient.Timeout });
        await Expect(page.Locator("#detail")).ToContainTextAsync("503", new() { Timeout = Patient.Timeout });
        await Expect(page.Locator("#latency")).ToHaveTextAsync("–", Patient);

        await page.Locator("[data-action=open]").ClickAsync();
        await Expect(page.Locator("#state")).ToHaveTextAsync("open", Patient);
        string price = await page.Locator("#price").InnerTextAsync();
        await Expect(page.Locator("#price")).Not.ToHaveTextAsync(price, Patient);
    }

    [Fact]
    public async Task It_shows_that_its_server_is_gone()
    {
        await using MarketFeedHost host = await MarketFeedHost.StartAsync();
        IPage page = await browser.OpenAsync(host.Address);
        await Expect(page.Locator("#state")).ToHaveTextAsync("open", Patient);

        await host.StopAsync();

        await Expect(page.Locator("#state")).ToHaveTextAsync("offline", Patient);
    }

    /// <summary>With DUPLEX_WRITE_PAGES=1, writes the pictures, which take a minute of prices.</summary>
    [Theory, InlineData(ColorScheme.Light, "market-feed.png"), InlineData(ColorScheme.Dark, "market-feed-dark.png")]
    public async Task Its_picture_is_small_enough_for_the_documents(ColorScheme scheme, string file)
    {
        bool isWritten = Environment.GetEnvironmentVariable("DUPLEX_WRITE_PAGES") == "1";
        var patient = new PageWaitForFunctionOptions { Timeout = 3 * (float)Patience.Limit.TotalMilliseconds };
        await using MarketFeedHost host = await MarketFeedHost.StartAsync("--Feed:FirstRetry", "0:0:6", "--Feed:LongestRetry", "0:0:6");
        IPage page = await browser.OpenAsync(host.Address, scheme);
        await page.WaitForFunctionAsync(Points(isWritten ? 200 : 3), null, patient);
        if (isWritten)
        {
            host.Exchange.Drop(); // which leaves a gap in the chart
            await page.WaitForFunctionAsync(Points(330), null, patient);
        }

        byte[] picture = await page.ScreenshotAsync(new PageScreenshotOptions { FullPage = true });

        Assert.InRange(picture.Length, 10_000, 200_000);
        if (isWritten)
            await File.WriteAllBytesAsync(Path.Combine(RepositoryRoot.Path, "docs", "images", file), picture);
    }

    private static string Points(int count) => $"document.getElementById('chart').dataset.points > {count}";

    private const string PaintedPixels = """
        () => {
            const chart = document.getElementById("chart");
            const { data } = chart.getContext("2d").getImageData(0, 0, chart.width, chart.height);
            return data.filter((value, i) => i % 4 === 3 && value > 0).length;
        }
        """;

    // Also finds a request to another host, which the page has no need of.
    private static List<string> Errors(IPage page)
    {
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) => errors.AddRange(message.Type == "error" ? [message.Text] : (string[])[]);
        page.Request += (_, request) => errors.AddRange(new Uri(request.Url).IsLoopback ? [] : (string[])[request.Url]);
        return errors;
    }

    [GeneratedRegex(@"^\d+\.\d\d$")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"^1\d\d\.\d{3}$")]
    private static partial Regex Yen();

    [GeneratedRegex("^(waiting|connecting)$")]
    private static partial Regex NotOpen();
}
