using System.Net.WebSockets;
using System.Text.Json;

namespace MarketFeed.Simulation;

/// <summary>An exchange that is not there: its prices are random.</summary>
/// <remarks>
/// A client names its symbols once, and then receives ticks until one side closes. This is a server's side, so it uses
/// ASP.NET's own WebSocket.
/// </remarks>
public sealed class Exchange(TimeProvider time, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(25);

    private readonly Lock _lock = new();
    private volatile bool _isOpen = true;
    private volatile int _drops;

    // The prices, which all clients share. Under the lock.
    private readonly Dictionary<string, RandomWalk> _walks = new()
    {
        ["BTC-USD"] = new(68_250, 1, 2e-4, Random.Shared),
        ["ETH-USD"] = new(3_520, 2, 2.5e-4, Random.Shared),
        ["EUR-USD"] = new(1.0842, 5, 6e-5, Random.Shared),
        ["GBP-USD"] = new(1.2715, 5, 6e-5, Random.Shared),
        ["USD-JPY"] = new(151.42, 3, 7e-5, Random.Shared),
        ["XAU-USD"] = new(2_344, 2, 1e-4, Random.Shared),
    };

    /// <summary>Accepts sessions again.</summary>
    public void Open() => _isOpen = true;

    /// <summary>Ends all sessions with 1012, and refuses new ones with 503.</summary>
    public void Close() => _isOpen = false;

    /// <summary>Loses all connections without a Close frame, as when a cable is pulled.</summary>
    public void Drop() => Interlocked.Increment(ref _drops);

    /// <summary>Serves one client, from its handshake to the end.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        if (!_isOpen || !context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode =
                _isOpen ? StatusCodes.Status426UpgradeRequired : StatusCodes.Status503ServiceUnavailable;
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        try
        {
            Subscribe? request = await ReceiveAsync(socket, context.RequestAborted);
            string[] symbols = request?.Symbols ?? [];
            if (symbols.Length == 0 || symbols.Any(symbol => symbol is null || !_walks.ContainsKey(symbol)))
            {
                await CloseAsync(socket, WebSocketCloseStatus.PolicyViolation, "A symbol is unknown.");
                return;
            }

            Task<Subscribe?> next = ReceiveAsync(socket, context.RequestAborted); // the client's Close
            await SendTicksAsync(socket, symbols, next);
            await (_isOpen
                ? CloseAsync(socket, WebSocketCloseStatus.EndpointUnavailable, "The exchange stops.")
                : CloseAsync(socket, (WebSocketCloseStatus)1012, "The exchange restarts."));
            await next;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or JsonException)
        {
            context.Abort(); // the client is gone, or what it says is not a request
        }
    }

    private async Task SendTicksAsync(WebSocket socket, string[] symbols, Task closed)
    {
        int drops = _drops;
        using var timer = new PeriodicTimer(Pace, time);
        while (_isOpen && !closed.IsCompleted && !lifetime.ApplicationStopping.IsCancellationRequested)
        {
            if (drops != _drops)
                throw new OperationCanceledException();
            await socket.SendAsync(NextTick(symbols).AsMemory(), WebSocketMessageType.Text, true, default);
            await timer.WaitForNextTickAsync(default);
        }
    }

    private byte[] NextTick(string[] symbols)
    {
        string symbol = symbols[Random.Shared.Next(symbols.Length)];
        double price;
        lock (_lock)
            price = _walks[symbol].Next();
        return JsonSerializer.SerializeToUtf8Bytes(new Tick(symbol, price, time.GetUtcNow()), MarketJson.Default.Tick);
    }

    // Null once the client has closed. A request is small: it comes in one piece.
    private static async Task<Subscribe?> ReceiveAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
        return received.MessageType == WebSocketMessageType.Close
            ? null
            : JsonSerializer.Deserialize(buffer.AsSpan(0, received.Count), MarketJson.Default.Subscribe);
    }

    // If the client has closed first, it gets its own code back.
    private static Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string text) =>
        socket.CloseOutputAsync(socket.CloseStatus ?? status, socket.CloseStatus is null ? text : null, default);
}
