using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Real Kestrel on loopback with the suite's service, plain and TLS.</summary>
public sealed class KestrelServer : IAsyncLifetime
{
    private static readonly string[] Endpoints = ["ws", "wss", "h2c"];
    private WebApplication? _app;

    /// <summary>"ws" speaks HTTP/1.1, "h2c" HTTP/2 only, both without TLS; "wss" speaks both.</summary>
    public Uri this[string endpoint]
    {
        get
        {
            string[] addresses = [.. _app!.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
            return new Uri(addresses[Array.IndexOf(Endpoints, endpoint)].Replace("http", "ws", StringComparison.Ordinal));
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
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        _app = builder.Build();
        TestService.Map(_app);
        await _app.StartAsync();
    }

    public ValueTask DisposeAsync() => _app!.DisposeAsync();
}
