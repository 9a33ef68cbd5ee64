using System.Net.WebSockets;
using QuoteBoard;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseStaticWebAssets(); // the page, also if it was not published
WebApplication app = builder.Build();
app.UseWebSockets();
app.Map("/quotes", async (HttpContext context, IHostApplicationLifetime lifetime) =>
{
    if (!context.WebSockets.IsWebSocketRequest)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return;
    }

    using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
    await Exchange.ServeAsync(socket, lifetime.ApplicationStopping);
});
app.MapStaticAssets();
app.MapFallbackToFile("index.html");
app.Run();
