// What a user of the package Duplex does: sessions over plain TCP and TLS, compression, JSON without reflection, a feed.
// Arguments: the ws address, the wss address, and the SHA-1 of the certificate to trust.
using System.Net.Security;
using System.Text.Json.Serialization;
using Duplex;

string plain = args[0];
string tls = args[1];
string trusted = args[2];

using var handler = new WebSocketsHandler(
    new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == trusted },
    },
    ws => ws.Extensions.InstallPerMessageDeflate());
using var client = new HttpClient(handler);

await client.WebSocketAsync($"{plain}echo", async session =>
{
    await session.SendAsync("over TCP");
    Console.WriteLine($"plain: {await session.ReceiveTextAsync()}");
});

await client.WebSocketAsync($"{tls}echo", async session =>
{
    await session.SendAsync("over TLS");
    Console.WriteLine($"tls: {await session.ReceiveTextAsync()}");
});

await client.WebSocketAsync($"{plain}deflate", async session =>
{
    string text = new('a', 100_000);
    await session.SendAsync(text);
    bool agreed = session.TryGetExtension(out PerMessageDeflate? _);
    Console.WriteLine($"deflate: {(agreed && await session.ReceiveTextAsync() == text ? "as sent" : "wrong")}");
});

await client.WebSocketAsync($"{plain}echo", async session =>
{
    await session.SendAsJsonAsync(new Tick("EURUSD", 1.07), FeedJson.Default.Tick);
    Console.WriteLine($"json: {await session.ReceiveFromJsonAsync(FeedJson.Default.Tick)}");
    CloseResult end = await session.CloseAsync(CloseCode.NormalClosure, "done");
    Console.WriteLine($"close: {end.Received?.Code}, clean: {end.WasClean}");
});

await using (ReconnectingWebSocket feed = client.CreateReconnectingWebSocket($"{plain}echo", reconnect =>
    reconnect.OnConnected((connection, token) => connection.SendAsync("subscribe", token))))
{
    await feed.StartAsync();
    await feed.SendAsync("order");
    var first = (Frame.Text)await feed.Incoming.ReadAsync();
    var second = (Frame.Text)await feed.Incoming.ReadAsync();
    Console.WriteLine($"feed: {first.ReadText()}, {second.ReadText()}");
}

internal sealed record Tick(string Symbol, double Price);

[JsonSerializable(typeof(Tick))]
internal sealed partial class FeedJson : JsonSerializerContext;
