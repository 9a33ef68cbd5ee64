using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace MarketFeed.Simulation;

/// <summary>The exchange's WebSocket, and the page's three buttons.</summary>
public static class ExchangeEndpoints
{
    public static void MapExchange(this WebApplication app)
    {
        Exchange exchange = app.Services.GetRequiredService<Exchange>();
        app.Map("/exchange", exchange.ServeAsync);
        app.MapPost("/exchange/open", exchange.Open);
        app.MapPost("/exchange/close", exchange.Close);
        app.MapPost("/exchange/drop", exchange.Drop);
    }

    /// <summary>This program's own address, which is known once the host has started.</summary>
    public static Uri OwnAddress(this IServiceProvider services) =>
        new(services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
