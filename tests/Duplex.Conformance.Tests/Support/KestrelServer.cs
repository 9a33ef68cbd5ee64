using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Real Kestrel on loopback with the suite's service, plain and TLS, and on Unix sockets.</summary>
public sealed class KestrelServer : IAsyncLifetime
{
    private static readonly string[] Endpoints = ["ws", "wss", "h2c", "unix", "unix h2c"];
    private readonly string _folder = Directory.CreateTempSubdirectory("dx").FullName;
    private WebApplication? _app;

    /// <summary>"ws" speaks HTTP/1.1, "h2c" HTTP/2 only, both without TLS; "wss" speaks both.</summary>
    public Uri this[string endpoint]
    {
        get
        {
            if (endpoint.StartsWith("unix", StringComparison.Ordinal))
                return new Uri($"ws+unix:{PathOf(endpoint)}");
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
            kestrel.ListenUnixSocket(PathOf("unix"));
            kestrel.ListenUnixSocket(PathOf("unix h2c"), listen => listen.Protocols = HttpProtocols.Http2);
        });
        _app = builder.Build();
        TestService.Map(_app);
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string PathOf(string endpoint) => Path.Combine(_folder, endpoint.Replace(' ', '.'));
}
