using System.Runtime.InteropServices;
using System.Text;
using System.Web;

namespace Duplex.Tests;

/// <summary>The same service as <see cref="TestService"/>, by sessions of our own in the server's role.</summary>
internal static class SessionService
{
    /// <summary>Serves one connection to its end.</summary>
    public static async Task ServeAsync(Stream stream, WebSocketRequest request)
    {
        try
        {
            await (request.Uri!.AbsolutePath switch
            {
                "/echo" => EchoAsync(stream),
                "/greet" => GreetAsync(stream, request),
                "/close" => CloseAsync(stream, request),
                "/fragments" => FragmentsAsync(stream),
                "/invalid-text" => InvalidTextAsync(stream),
                "/flood" => FloodAsync(stream),
                "/vanish" => VanishAsync(stream),
                "/deaf" => DeafAsync(stream),
                _ => throw new ArgumentException($"There is no {request.Uri.AbsolutePath}.", nameof(request)),
            });
        }
        catch (WebSocketException)
        {
            // The client went away, which is what some tests do.
        }
    }

    // A raw session: a default one answers a Close as soon as it comes, which may be before the last echo is on its way.
    private static async Task EchoAsync(Stream stream)
    {
        await using RawWebSocketSession session = WebSocketSessions.CreateRaw(stream, WebSocketRole.Server);
        await foreach (Frame frame in session.Incoming)
        {
            await session.SendAsync(frame is Frame.Ping ? new Frame.Pong(frame.Data) : frame);
            frame.Recycle();
        }

        await session.Completion;
    }

    private static async Task GreetAsync(Stream stream, WebSocketRequest request)
    {
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Server);
        string[] headers = [.. new[] { "X-Default", "X-Handler", "X-Request" }.Select(name => request.Headers.GetValues(name).Single())];
        await session.SendAsync($"{string.Join('|', headers)}|{HttpUtility.ParseQueryString(request.Uri!.Query)["name"]}|{request.Subprotocols.FirstOrDefault()}");
        await session.CloseAsync(new CloseReason((CloseCode)4001, "greeted"));
    }

    private static async Task CloseAsync(Stream stream, WebSocketRequest request)
    {
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Server);
        var query = HttpUtility.ParseQueryString(request.Uri!.Query);
        await session.CloseAsync(new CloseReason((CloseCode)int.Parse(query["code"]!, null), query["text"] ?? ""));
    }

    private static async Task FragmentsAsync(Stream stream)
    {
        await using RawWebSocketSession session = WebSocketSessions.CreateRaw(stream, WebSocketRole.Server);
        byte[] text = Encoding.UTF8.GetBytes("grüße 😀");
        for (int i = 0; i < text.Length; i++)
            await session.SendAsync(new Frame.Text(fin: false, text.AsMemory(i, 1)));
        await session.SendAsync(new Frame.Text(fin: false, ReadOnlyMemory<byte>.Empty));
        await session.SendAsync(new Frame.Text(fin: true, ReadOnlyMemory<byte>.Empty));
        await session.SendAsync(ReadOnlyMemory<byte>.Empty);
        await session.CloseAsync();
    }

    private static async Task InvalidTextAsync(Stream stream)
    {
        // A session refuses to send it.
        await stream.WriteAsync(new byte[] { 0x81, 0x02, 0x61, 0xFF });
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Server);
        await session.Completion;
    }

    private static async Task FloodAsync(Stream stream)
    {
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Server);
        byte[] message = new byte[Flood.Size];
        for (int i = 0; i < Flood.Messages; i++)
        {
            BitConverter.TryWriteBytes(message, i);
            await session.SendAsync(message);
        }

        await session.CloseAsync();
    }

    private static async Task VanishAsync(Stream stream)
    {
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Server);
        await session.SendAsync("last words");
        await session.Incoming.ReadAsync();
        session.Abort();
    }

    private static async Task DeafAsync(Stream stream)
    {
        RawWebSocketSession session = WebSocketSessions.CreateRaw(stream, WebSocketRole.Server, ws => ws.CloseTimeout = Timeout.InfiniteTimeSpan);

        // Once it has heard the Close it waits for nothing that would keep it from being collected, and its socket with it, which the client would take for the connection's end.
        GCHandle alive = GCHandle.Alloc(session);
        await session.Completion;
        alive.Free();
    }
}
