using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace Duplex.Tests;

/// <summary>The suite's page, published, served by Kestrel beside the suite's service, and open in a browser.</summary>
[CollectionDefinition(nameof(WasmPage))]
public sealed class WasmPage : IAsyncLifetime, ICollectionFixture<WasmPage>
{
    // For a hang: most cases take milliseconds, the interpreter some of them seconds.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private readonly Browser _browser = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("duplex-browser-").FullName;
    private readonly ConcurrentQueue<string> _console = [];
    private WebApplication? _app;
    private IPage? _page;

    /// <summary>What the program, and the browser, write to the console.</summary>
    public IReadOnlyCollection<string> Console => _console;

    /// <summary>The address of the service of the suite; empty where there is no browser.</summary>
    public string Service => _app?.Urls.First().Replace("http", "ws", StringComparison.Ordinal) ?? "";

    public async ValueTask InitializeAsync()
    {
        await _browser.InitializeAsync();
        if (!Browser.IsInstalled)
            return;
        await Sdk.RunAsync(
            Path.Combine(RepositoryRoot.Path, "tests", "Duplex.Browser.App"),
            "publish", "-c", "Release", "-v", "quiet", "--artifacts-path", Path.Combine(_folder, "build"), "-o", Path.Combine(_folder, "site"));

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        TestService.Map(_app);
        _app.Map("/websocket", ReadmeServer.ServeAsync);
        var files = new PhysicalFileProvider(Path.Combine(_folder, "site", "wwwroot"));
        _app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        _app.UseStaticFiles(new StaticFileOptions { FileProvider = files, ServeUnknownFileTypes = true });
        await _app.StartAsync();
    }

    /// <summary>Calls a function of the page's program. Skips the test where there is no browser.</summary>
    public async Task<string> CallAsync(string function, params string[] arguments)
    {
        IPage page = await OpenAsync();
        return await page.EvaluateAsync<string>($"async arguments => `${{await suite.{function}(...arguments)}}`", arguments).WaitAsync(Longest);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        if (_app is not null)
            await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<IPage> OpenAsync()
    {
        if (_page is not null)
            return _page;
        IPage page = await _browser.OpenAsync(_app?.Urls.First() ?? "");
        page.Console += (_, message) => _console.Enqueue(message.Text);
        await page.WaitForFunctionAsync("globalThis.suite !== undefined");
        return _page = page;
    }
}
