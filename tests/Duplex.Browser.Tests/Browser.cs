using Microsoft.Playwright;

namespace Duplex.Tests;

/// <summary>An installed Chromium without a window; if there is none, the tests that need it are skipped.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Names =
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome.exe"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public static bool IsInstalled => Executable is not null;

    private static string? Executable { get; } = (
        from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        from name in Names
        let path = Path.Combine(folder, name)
        where File.Exists(path)
        select path).FirstOrDefault();

    public async ValueTask InitializeAsync()
    {
        if (Executable is null)
            return;
        _playwright = await Playwright.CreateAsync().Soon();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Executable,
            Args = ["--no-sandbox"], // which root needs; the only page is ours
        }).Soon();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.CloseAsync().Soon();
        _playwright?.Dispose();
    }

    /// <summary>Opens a page. Skips the test where there is no browser.</summary>
    public async Task<IPage> OpenAsync(string address, ColorScheme scheme = ColorScheme.Light)
    {
        Assert.SkipUnless(
            _browser is not null,
            "Needs Chromium: install chromium, as .ci/run does. PATH has none of " + string.Join(", ", Names) + ".");
        IPage page = await _browser!.NewPageAsync(new BrowserNewPageOptions
        {
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = 1100, Height = 800 },
        }).Soon();
        page.SetDefaultTimeout((float)Patience.Limit.TotalMilliseconds);
        await page.GotoAsync(address);
        return page;
    }
}
