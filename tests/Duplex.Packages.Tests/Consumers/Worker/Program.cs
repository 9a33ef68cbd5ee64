// What a user of the package Duplex.Extensions.DependencyInjection does: a host with a named client from appsettings.json,
// and a WebSocket that stays connected.
// Arguments: --Address http://…/
using System.Text.Json.Serialization;
using Duplex;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings
{
    Args = args,
    ContentRootPath = AppContext.BaseDirectory,
});
builder.Services.AddHttpClient("feed", client => client.BaseAddress = new Uri(builder.Configuration["Address"]!))
    .AddWebSockets(builder.Configuration.GetRequiredSection("Feed"), errorOnUnknownKeys: true);
builder.Services.AddReconnectingWebSocket("quotes", $"{builder.Configuration["Address"]}echo", reconnect =>
    reconnect.OnConnected((connection, token) => connection.SendAsync("subscribe", token)));
builder.Services.AddHostedService<Feed>();
await builder.Build().RunAsync();

internal sealed class Feed(
    IHttpClientFactory clients, [FromKeyedServices("quotes")] ReconnectingWebSocket quotes, IHostApplicationLifetime host)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using HttpClient client = clients.CreateClient("feed");
        await using var session = await client.WebSocketSessionAsync("/deflate", stoppingToken);
        await session.SendAsJsonAsync(new Tick("EURUSD", 1.07), FeedJson.Default.Tick, stoppingToken);
        Console.WriteLine($"worker: {await session.ReceiveFromJsonAsync(FeedJson.Default.Tick, stoppingToken)}");
        Console.WriteLine($"options: {session.Subprotocol}, {session.TryGetExtension(out PerMessageDeflate? _)}");
        await session.CloseAsync(stoppingToken);
        Console.WriteLine($"quotes: {((Frame.Text)await quotes.Incoming.ReadAsync(stoppingToken)).ReadText()}");
        host.StopApplication();
    }
}

internal sealed record Tick(string Symbol, double Price);

[JsonSerializable(typeof(Tick))]
internal sealed partial class FeedJson : JsonSerializerContext;
