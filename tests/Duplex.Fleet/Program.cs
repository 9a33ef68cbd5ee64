// Many sessions in one process, which a test stops and continues (StoppedProcessTests): url, number of sessions, ping timeout in milliseconds.
using System.Globalization;
using Duplex;

var uri = new Uri(args[0]);
int count = int.Parse(args[1], CultureInfo.InvariantCulture);
using var client = new HttpClient(new WebSocketsHandler(ws =>
{
    ws.PingInterval = Timeout.InfiniteTimeSpan;
    ws.PingTimeout = TimeSpan.FromMilliseconds(int.Parse(args[2], CultureInfo.InvariantCulture));
}));
var sessions = new List<DefaultClientWebSocketSession>();
while (sessions.Count < count)
    sessions.Add(await client.WebSocketSessionAsync(uri));

// Only now, so that the first one's ping waits for its pong no longer than the last one's.
foreach (DefaultClientWebSocketSession session in sessions)
    session.PingInterval = TimeSpan.FromMilliseconds(200);
Console.WriteLine("open");

// We were stopped and continued. A session that lives on answers to another ping; how long that takes does not matter.
Console.ReadLine();
CloseResult?[] ends = await Task.WhenAll(sessions.Select(LiveOnAsync));
Console.WriteLine($"lost {ends.Count(end => end is not null)} {ends.FirstOrDefault(end => end is not null)?.Error?.Message}");
foreach (DefaultClientWebSocketSession session in sessions)
    session.Abort();

static async Task<CloseResult?> LiveOnAsync(DefaultClientWebSocketSession session)
{
    try
    {
        while (session.LastRoundTripTime is null && !session.Completion.IsCompleted)
            await Task.Yield();
        session.PingTimeout = TimeSpan.FromSeconds(30);
        await session.PingAsync();
        return null;
    }
    catch (WebSocketClosedException)
    {
        return await session.Completion;
    }
}
