using System.Net.WebSockets;
using System.Runtime.InteropServices.JavaScript;
using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("browser")]

namespace Duplex.Tests;

/// <summary>What the tests' driver calls in the page.</summary>
internal static partial class Page
{
    private static void Main() { } // the driver calls the rest

    /// <summary>Runs one case of the engine suite. Returns "" if it passed, or else the failure.</summary>
    [JSExport]
    public static async Task<string> RunAsync(string service, string name)
    {
        BrowserConformance.Service = new Uri(service);
        try
        {
            await SuiteCase.Of(typeof(EngineConformance)).Single(suiteCase => suiteCase.Name == name)
                .RunAsync(new BrowserConformance());
            return "";
        }
        catch (Exception e)
        {
            return $"{e}";
        }
    }

    /// <summary>Runs the readme's first example, which writes to the console.</summary>
    [JSExport]
    public static async Task<string> RunReadmeAsync(string service)
    {
        await Readme.RunAsync($"{service}/websocket");
        return "";
    }

    /// <summary>Sends messages of 1 MiB to a server that does not read, until one has to wait. Returns how many did not.</summary>
    [JSExport]
    public static async Task<string> SendUntilFullAsync(string service)
    {
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.CloseTimeout = TimeSpan.FromSeconds(1)));
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync($"{service}/deaf");
        byte[] message = new byte[1 << 20];
        int sent = 0;
        while (sent < 1000)
        {
            try
            {
                await session.SendAsync(message).AsTask().WaitAsync(TimeSpan.FromSeconds(2));
                sent++;
            }
            catch (WebSocketClosedException e)
            {
                return $"{sent} then {e}";
            }
            catch (TimeoutException)
            {
                break;
            }
        }

        session.Abort();
        return $"{sent}";
    }

    /// <summary>Returns the bytes allocated for a message that is sent and comes back: ours, and the platform's client's.</summary>
    [JSExport]
    public static async Task<string> AllocatedAsync(string service)
    {
        const int Messages = 2000;
        byte[] message = new byte[100];
        using var client = new HttpClient(new WebSocketsHandler());
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync($"{service}/echo");
        long ours = await MeasureAsync(async () =>
        {
            await session.SendAsync(message);
            (await session.Incoming.ReadAsync()).Recycle();
        });

        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"{service}/echo"), CancellationToken.None);
        byte[] buffer = new byte[1000];
        long theirs = await MeasureAsync(async () =>
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        });
        return $"{ours} {theirs}";

        static async Task<long> MeasureAsync(Func<Task> round)
        {
            for (int i = 0; i < Messages / 10; i++)
                await round();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Messages; i++)
                await round();
            return (GC.GetAllocatedBytesForCurrentThread() - before) / Messages;
        }
    }
}
