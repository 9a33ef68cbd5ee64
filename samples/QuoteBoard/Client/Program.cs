using Duplex;
using Microsoft.AspNetCore.Components.WebAssembly.Hosting;
using QuoteBoard;

var builder = WebAssemblyHostBuilder.CreateDefault(args);
builder.RootComponents.Add<Board>("#board");

// The engine is the browser's own WebSocket by default. A page has no pings, so the server is asked by messages.
builder.Services
    .AddHttpClient("quotes", client => client.BaseAddress = new Uri(builder.HostEnvironment.BaseAddress))
    .AddWebSockets(ws => ws.Heartbeat = new Heartbeat("ping", "pong") { Interval = TimeSpan.FromSeconds(2) });

await builder.Build().RunAsync();
