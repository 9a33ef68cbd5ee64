using Duplex;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Resources;

namespace Chat;

/// <summary>The client's program: a host with an HttpClient, telemetry and the chat itself.</summary>
public static class ChatApp
{
    /// <summary>Runs a client until its session ends.</summary>
    /// <returns>The exit code: 0 after a clean end.</returns>
    public static async Task<int> RunAsync(Uri address, string room, string name, ITerminal terminal)
    {
        using IHost host = Create(address, terminal);
        await host.StartAsync(); // also checks the configuration
        CancellationToken stopping =
            host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping; // Ctrl+C
        int exitCode = await host.Services.GetRequiredService<ChatClient>().RunAsync(room, name, stopping);
        await host.StopAsync();
        return exitCode;
    }

    private static IHost Create(Uri address, ITerminal terminal)
    {
        // The configuration lies beside the program: `dotnet run --project` starts it in another directory.
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(
            new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.Configure<ConsoleLifetimeOptions>(lifetime => lifetime.SuppressStatusMessages = true);

        builder.Services.AddHttpClient<ChatClient>(client => client.BaseAddress = address)
            .AddWebSockets(builder.Configuration.GetSection("Chat:WebSockets"), errorOnUnknownKeys: true)
            .AddWebSockets(ws => ws.ContentConverter = new JsonContentConverter(ChatJson.Default));
        builder.Services.AddSingleton(terminal);

        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("chat"))
            .WithMetrics(metrics => metrics.AddMeter("Duplex"))
            .WithTracing(tracing => tracing.AddSource("Duplex"));

        // The standard variable says where a collector listens. Without one, nothing is sent.
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 })
            telemetry.UseOtlpExporter();
        return builder.Build();
    }
}
