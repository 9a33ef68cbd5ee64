using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Real Kestrel on loopback with the suite's service, plain and TLS.</summary>
public sealed class KestrelServer : IAsyncLifetime
{
    private WebApplication? _app;

    /// <summary>ws://127.0.0.1:port or wss://….</summary>
    public Uri this[string scheme]
    {
        get
        {
            string http = scheme == "wss" ? "https:" : "http:";
            string address = _app!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(a => a.StartsWith(http, StringComparison.Ordinal));
            return new Uri(address.Replace(http, scheme + ":", StringComparison.Ordinal));
        }
    }

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(LoopbackCertificate.Instance));
        });
        _app = builder.Build();
        TestService.Map(_app);
        await _app.StartAsync();
    }

    public ValueTask DisposeAsync() => _app!.DisposeAsync();
}
