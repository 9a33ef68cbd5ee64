using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>ASP.NET's server in memory, with the suite's service.</summary>
public sealed class TestHost : IAsyncLifetime
{
    private WebApplication? _app;

    public TestServer Server => _app!.GetTestServer();

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        _app = builder.Build();
        TestService.Map(_app);
        await _app.StartAsync();
    }

    public ValueTask DisposeAsync() => _app!.DisposeAsync();
}
