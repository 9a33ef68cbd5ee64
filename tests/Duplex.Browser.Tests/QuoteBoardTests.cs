using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Duplex.Tests;

/// <summary>The sample QuoteBoard, published as a user would, without a warning, and open in a browser.</summary>
public sealed partial class QuoteBoardTests(Browser browser, QuoteBoardTests.Published sample) : IClassFixture<Browser>, IClassFixture<QuoteBoardTests.Published>
{
    private const float Patient = 60_000; // in milliseconds: the page starts .NET first

    [Fact]
    public async Task It_shows_prices_that_move_and_the_round_trip_and_recovers_after_the_server_stopped()
    {
        Assert.SkipUnless(Browser.IsInstalled, "Needs Chromium.");
        var errors = new List<string>();
        IPage page;
        await using (SampleServer server = await sample.StartAsync("http://127.0.0.1:0"))
        {
            page = await browser.OpenAsync(server.Address);
            page.PageError += (_, error) => errors.Add(error);
            await Expect(page.Locator("#state")).ToHaveTextAsync("open", new() { Timeout = Patient });
            await Expect(page.Locator("#detail")).ToContainTextAsync("Browser", new() { Timeout = Patient });
            await Expect(page.Locator("tbody tr")).ToHaveCountAsync(4, new() { Timeout = Patient });
            await Expect(page.Locator("#round-trip")).ToHaveTextAsync(Milliseconds(), new() { Timeout = Patient });
            await Expect(page.Locator("polyline").First).ToHaveAttributeAsync("points", SixPoints(), new() { Timeout = Patient });
            await WritePictureAsync(page);

            string address = server.Address;
            await server.StopAsync();
            await Expect(page.Locator("#state")).ToHaveTextAsync("waiting", new() { Timeout = Patient });
            await Expect(page.Locator("#detail")).ToContainTextAsync("developer tools", new() { Timeout = Patient });

            await using SampleServer again = await sample.StartAsync(address);
            await Expect(page.Locator("#state")).ToHaveTextAsync("open", new() { Timeout = Patient });
        }

        Assert.Empty(errors);
    }

    [Fact]
    public void Its_download_is_as_large_as_the_document_says()
    {
        Assert.SkipUnless(Browser.IsInstalled, "Needs Chromium.");
        double size = sample.BrotliBytes / 1e6;
        string document = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "how-to", "browser.md"));
        double said = double.Parse(Megabytes().Match(document).Groups[1].Value, CultureInfo.InvariantCulture);

        Assert.InRange(size, said * 0.85, said * 1.15);
    }

    /// <summary>With DUPLEX_WRITE_PAGES=1.</summary>
    private static async Task WritePictureAsync(IPage page)
    {
        if (Environment.GetEnvironmentVariable("DUPLEX_WRITE_PAGES") != "1")
            return;
        await Expect(page.Locator("polyline").First).ToHaveAttributeAsync("points", FullOfPoints(), new() { Timeout = Patient });
        await page.Locator("body").ScreenshotAsync(new LocatorScreenshotOptions { Path = Path.Combine(RepositoryRoot.Path, "docs", "images", "quote-board.png") });
    }

    [GeneratedRegex(@"^\d+\.\d ms$")]
    private static partial Regex Milliseconds();

    // Not by a script: the page's security policy forbids eval.
    [GeneratedRegex(@"^(\S+ ){5}")]
    private static partial Regex SixPoints();

    [GeneratedRegex(@"^(\S+ ){55}")]
    private static partial Regex FullOfPoints();

    [GeneratedRegex(@"download is (\d+\.\d) MB")]
    private static partial Regex Megabytes();

    /// <summary>The sample's published folder.</summary>
    public sealed class Published : IAsyncLifetime
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("duplex-board-").FullName;

        private string Site => Path.Combine(_folder, "site");

        public long BrotliBytes => new DirectoryInfo(Path.Combine(Site, "wwwroot", "_framework")).GetFiles("*.br").Sum(file => file.Length);

        public async ValueTask InitializeAsync()
        {
            if (!Browser.IsInstalled)
                return;
            await Sdk.RunAsync(
                Path.Combine(RepositoryRoot.Path, "samples", "QuoteBoard", "Server"),
                "publish", "-c", "Release", "-v", "quiet", "--artifacts-path", Path.Combine(_folder, "build"), "-o", Site);
        }

        public Task<SampleServer> StartAsync(string urls) => SampleServer.StartAsync(Path.Combine(Site, "QuoteBoard.Server.dll"), urls);

        public ValueTask DisposeAsync()
        {
            Directory.Delete(_folder, recursive: true);
            return default;
        }
    }
}
