using Duplex;

namespace Chat;

/// <summary>One stay in a room: prints what others say, and sends what the user types.</summary>
public sealed class ChatClient(HttpClient http, ITerminal terminal)
{
    /// <summary>Joins, and stays until one side closes the session or the connection is lost.</summary>
    /// <returns>The exit code: 0 after a clean end.</returns>
    public async Task<int> RunAsync(string room, string name, CancellationToken stopping)
    {
        string path = $"/rooms/{Uri.EscapeDataString(room)}?name={Uri.EscapeDataString(name)}";
        try
        {
            await using DefaultClientWebSocketSession session = await http.WebSocketSessionAsync(path, stopping);
            terminal.WriteLine($"* You are in {room}. /ping measures the round trip, /quit leaves.");

            // Ctrl+C closes the session and does not cancel the receiver: it ends normally, after the last message.
            await using CancellationTokenRegistration closing =
                stopping.Register(() => _ = session.CloseAsync(CloseCode.GoingAway));
            Task typing = SendWhatIsTypedAsync(session);
            CloseResult end = await PrintUntilEndAsync(session);
            await typing;
            terminal.WriteLine($"* {Describe(end)}");
            return end.WasClean ? 0 : 1;
        }
        catch (WebSocketHandshakeException e)
        {
            terminal.WriteLine($"* Not connected. {e.BodyPreview ?? e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 1; // Ctrl+C during the handshake
        }
    }

    private async Task<CloseResult> PrintUntilEndAsync(DefaultClientWebSocketSession session)
    {
        try
        {
            await foreach (ChatMessage? message in session.ReceiveAllDeserializedAsync<ChatMessage>())
                terminal.WriteLine(Format(message));
        }
        catch (WebSocketDeserializeException e) // not a chat's server, or a newer one
        {
            await session.CloseAsync(CloseReason.Truncated(CloseCode.UnsupportedData, e.Message));
        }
        catch (WebSocketException)
        {
            // The connection was lost, or the server broke a rule: the result has the cause.
        }

        return await session.Completion;
    }

    private async Task SendWhatIsTypedAsync(DefaultClientWebSocketSession session)
    {
        try
        {
            while (await terminal.ReadLineAsync(session.Closed) is { } line and not "/quit")
            {
                if (line == "/ping")
                {
                    TimeSpan roundTrip = await session.PingAsync();
                    terminal.WriteLine($"* The round trip takes {roundTrip.TotalMilliseconds:0.00} ms.");
                }
                else if (line.Length > 0)
                {
                    await session.SendSerializedAsync<ChatMessage>(new Say(line));
                }
            }

            await session.CloseAsync(); // 1000: all is said
        }
        catch (Exception e) when (e is WebSocketClosedException or OperationCanceledException)
        {
            // The session has ended. The receiver says how.
        }
        catch (TimeoutException)
        {
            session.Abort(); // no answer to /ping
        }
    }

    private static string Format(ChatMessage? message) => message switch
    {
        Said said => $"{said.From}: {said.Text}",
        Joined joined => $"* {joined.Name} is here.",
        Left left => $"* {left.Name} has left.",
        Missed missed => $"* You missed {missed.Count} messages.",
        _ => "* The server sent something unknown.",
    };

    private static string Describe(CloseResult end) => end switch
    {
        { WasClean: true, Initiator: CloseInitiator.Local } => $"You have left ({end.Sent}).",
        { WasClean: true } => $"The server ended the session ({end.Received}).",
        _ => $"The connection was lost. {end.Error?.Message}",
    };
}
