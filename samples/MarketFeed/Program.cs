// Follows a price feed over a WebSocket and shows it in the browser, live.
//
//     dotnet run --project samples/MarketFeed                            then open the address that it prints
//     dotnet run --project samples/MarketFeed -- --Telemetry:Console true     also prints Duplex's metrics
using MarketFeed;

await using WebApplication app = MarketFeedApp.Create(args);
await app.RunAsync();
