// Connects, exchanges messages of every kind, pings, closes, and prints each step.
//
//     dotnet run --project samples/Echo                        starts its own echo server
//     dotnet run --project samples/Echo wss://host/path        uses that server
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

string target = uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
Console.WriteLine();
Console.WriteLine($"  Duplex echo   {target}{(server is null ? "" : "   (an echo server of our own)")}");
Console.WriteLine();

try
{
    CloseResult end = await TalkAsync();
    Step("closed", end.ToString());
    Console.WriteLine();
    Console.WriteLine(end.WasClean
        ? "  All said, all heard, all closed."
        : "  All said and heard, but the close was not clean.");
    return end.WasClean ? 0 : 1;
}
catch (Exception e) when (e is WebSocketException or TimeoutException or OperationCanceledException
    or ArgumentException or InvalidDataException)
{
    string error = e is OperationCanceledException ? "The server did not answer within 10 s. Does it echo?" : e.Message;
    Console.WriteLine();
    Console.Error.WriteLine($"  {error}");
    return 1;
}

async Task<CloseResult> TalkAsync()
{
    await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(uri);
    Step("connected", $"{(int)session.Call.Response!.StatusCode} {session.Call.Response.StatusCode}");

    await session.SendAsync("Hello, WebSocket!");
    Step("text", $"\"{await TextAsync(session, "Hello, WebSocket!")}\"");

    byte[] bytes = [0xCA, 0xFE, 0xBA, 0xBE];
    await session.SendAsync(bytes);
    Step("binary", $"{Convert.ToHexString((await BinaryAsync(session, bytes)).Span)}, the same as sent");

    await session.SendAsync(new Frame.Text(fin: false, "One message "u8.ToArray()));
    await session.SendAsync(new Frame.Text(fin: false, "in three "u8.ToArray()));
    await session.SendAsync(new Frame.Text(fin: true, "fragments"u8.ToArray()));
    Step("fragments", $"\"{await TextAsync(session, "One message in three fragments")}\"");

    byte[] large = RandomNumberGenerator.GetBytes(1 << 20);
    await session.SendAsync(large);
    Step("1 MiB", $"{(await BinaryAsync(session, large)).Length:N0} bytes, the same as sent");

    TimeSpan roundTrip = await session.PingAsync();
    Step("ping", $"pong after {roundTrip.TotalMilliseconds:0.00} ms");

    return await session.CloseAsync();
}

static async Task<string> TextAsync(DefaultClientWebSocketSession session, string sent)
{
    Frame echo = await NextAsync(session);
    return echo is Frame.Text text && text.ReadText() == sent ? sent : throw NoEcho(echo);
}

static async Task<ReadOnlyMemory<byte>> BinaryAsync(DefaultClientWebSocketSession session, byte[] sent)
{
    Frame echo = await NextAsync(session);
    return echo is Frame.Binary && echo.Data.Span.SequenceEqual(sent) ? echo.Data : throw NoEcho(echo);
}

static async Task<Frame> NextAsync(DefaultClientWebSocketSession session)
{
    using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
    return await session.Incoming.ReadAsync(patience.Token);
}

static InvalidDataException NoEcho(Frame answer) =>
    new($"The server answered {answer}, which is not what it was sent. Does it echo?");

static void Step(string name, string what) => Console.WriteLine($"  {name,-10} {what}");
