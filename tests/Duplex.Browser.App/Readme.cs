namespace Duplex.Tests;

/// <summary>The readme's first example as it stands there, but for the address; a test compares them.</summary>
internal static class Readme
{
    public static async Task RunAsync(string address)
    {
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.MaxMessageSize = 1 << 20));

        await client.WebSocketAsync(address, async session =>
        {
            await session.SendAsync("Hello, WebSocket!");

            await foreach (var frame in session.Incoming)
            {
                switch (frame)
                {
                    case Frame.Text text: Console.WriteLine($"Received: {text.ReadText()}"); break;
                    case Frame.Binary binary: Console.WriteLine($"Received {binary.Data.Length} bytes"); break;
                }
            }
        });
    }
}
