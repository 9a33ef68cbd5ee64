// Duplex's main job in one program: connect, exchange messages of every kind, ping, close, and say how it went.
//
//     dotnet run --project samples/Echo                        talks to an echo server of its own
//     dotnet run --project samples/Echo wss://host/path        talks to that one
using System.Security.Cryptography;
using Duplex;
using Echo;

if (args is not ([] or [_]) || (args is [var given] && !Uri.TryCreate(given, UriKind.Absolute, out _)))
{
    Console.Error.WriteLine("Usage: Echo [ws://… or wss://… of an echo server]");
    return 2;
}

await using EchoServer? server = args is [] ? await EchoServer.StartAsync() : null;
Uri uri = server?.Uri ?? new Uri(args[0]);

using var client = new HttpClient(new WebSocketsHandler(ws =>
{
    ws.PingInterval = TimeSpan.FromSeconds(20);
    ws.MaxFrameSize = 4 << 20;
}));

Console.WriteLine();
Console.WriteLine($"  Duplex echo   {uri.GetLeftPart(UriPartial.Path)}{(server is null ? "" : "   (an echo server of our own)")}");
Console.WriteLine();

try
{
    CloseResult end = await TalkAsync();
    Step("closed", end.ToString());
    Console.WriteLine();
    Console.WriteLine(end.WasClean ? "  All said, all heard, all closed." : "  All said and heard, but the close was not clean.");
    return end.WasClean ? 0 : 1;
}
catch (WebSocketException e)
{
    Console.WriteLine();
    Console.Error.WriteLine($"  {e.Message}");
    return 1;
}

async Task<CloseResult> TalkAsync()
{
    await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(uri);
    Step("connected", $"{(int)session.Call.Response!.StatusCode} {session.Call.Response.StatusCode}");

    await session.SendAsync("Hello, WebSocket!");
    var text = (Frame.Text)await NextAsync(session);
    Step("text", $"\"{text.ReadText()}\"");

    byte[] bytes = [0xCA, 0xFE, 0xBA, 0xBE];
    await session.SendAsync(bytes);
    Frame binary = await NextAsync(session);
    Step("binary", $"{Convert.ToHexString(binary.Data.Span)}, {Same(bytes, binary)}");

    await session.SendAsync(new Frame.Text(fin: false, "One message "u8.ToArray()));
    await session.SendAsync(new Frame.Text(fin: false, "in three "u8.ToArray()));
    await session.SendAsync(new Frame.Text(fin: true, "fragments"u8.ToArray()));
    var merged = (Frame.Text)await NextAsync(session);
    Step("fragments", $"\"{merged.ReadText()}\"");

    byte[] large = RandomNumberGenerator.GetBytes(1 << 20);
    await session.SendAsync(large);
    Frame echoed = await NextAsync(session);
    Step("1 MiB", $"{echoed.Data.Length:N0} bytes, {Same(large, echoed)}");

    TimeSpan roundTrip = await session.PingAsync();
    Step("ping", $"pong after {roundTrip.TotalMilliseconds:0.00} ms");

    return await session.CloseAsync();
}

static async Task<Frame> NextAsync(DefaultClientWebSocketSession session)
{
    using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
    return await session.Incoming.ReadAsync(patience.Token);
}

static string Same(byte[] sent, Frame received) => received.Data.Span.SequenceEqual(sent) ? "the same as sent" : "NOT the same as sent";

static void Step(string name, string what) => Console.WriteLine($"  {name,-10} {what}");
