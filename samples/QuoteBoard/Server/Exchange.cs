using System.Net.WebSockets;
using System.Text.Json;

namespace QuoteBoard;

/// <summary>Sends prices that wander, and answers "ping" with "pong". It knows nothing of Duplex.</summary>
internal static class Exchange
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly (string Symbol, decimal Price)[] Opening =
        [("ACME", 120m), ("DUPX", 48.5m), ("GLOB", 310m), ("HOOL", 77.25m)];

    public static async Task ServeAsync(WebSocket socket, CancellationToken stopping)
    {
        // One send at a time: both functions send.
        using var turn = new SemaphoreSlim(1);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task quoting = QuoteAsync(socket, turn, ended.Token);
        try
        {
            await AnswerAsync(socket, turn, ended.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // the page was left, or the server stops
        }

        await ended.CancelAsync();
        await quoting;
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    private static async Task AnswerAsync(WebSocket socket, SemaphoreSlim turn, CancellationToken token)
    {
        byte[] buffer = new byte[256];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), token)).MessageType != WebSocketMessageType.Close)
            await SendAsync(socket, turn, "pong"u8.ToArray(), token);
    }

    private static async Task QuoteAsync(WebSocket socket, SemaphoreSlim turn, CancellationToken token)
    {
        var prices = Opening.ToDictionary(quote => quote.Symbol, quote => quote.Price);
        using var timer = new PeriodicTimer(Pause);
        try
        {
            do
            {
                string symbol = Opening[Random.Shared.Next(Opening.Length)].Symbol;
                prices[symbol] += Math.Round((decimal)(Random.Shared.NextDouble() - 0.5), 2);
                var quote = new Quote(symbol, prices[symbol]);
                await SendAsync(
                    socket, turn, JsonSerializer.SerializeToUtf8Bytes(quote, QuoteJson.Default.Quote), token);
            }
            while (await timer.WaitForNextTickAsync(token));
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // the page was left, or the server stops
        }
    }

    private static async Task SendAsync(WebSocket socket, SemaphoreSlim turn, byte[] text, CancellationToken token)
    {
        await turn.WaitAsync(token);
        try
        {
            // Without a token: cancelling a send aborts the socket.
            await socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            turn.Release();
        }
    }
}
