namespace Duplex.Tests;

/// <summary>How a session ended, in words: one row of the closing rules. Two rows are equal if every column is.</summary>
internal sealed partial record Ending
{
    /// <summary>All frames that the peer got, in order.</summary>
    public required string Wire { get; init; }

    /// <summary>What <see cref="WebSocketSession.Incoming"/> gave, and how it ended: "end", or the exception and what is inside it.</summary>
    public required string Incoming { get; init; }

    public string? Sent { get; init; }

    public string? Received { get; init; }

    public required CloseInitiator Initiator { get; init; }

    public bool WasClean { get; init; }

    /// <summary>The type of the error; null for none.</summary>
    public string? Error { get; init; }

    public long Discarded { get; init; }

    /// <summary>Observes an ended session in every way that a user can.</summary>
    /// <param name="session">The session.</param>
    /// <param name="wire">What the peer got.</param>
    public static async Task<Ending> ObserveAsync(WebSocketSession session, string wire)
    {
        CloseResult result = await session.Completion.Soon();

        Assert.Equal(WebSocketSessionState.Ended, session.State);
        await Patience.Until(() => session.Closed.IsCancellationRequested);
        if (session is DefaultWebSocketSession withReason)
            Assert.Equal(result.Reason, await withReason.CloseReason.Soon());
        Assert.Equal(
            result.Initiator switch { CloseInitiator.Local => result.Sent, CloseInitiator.Remote => result.Received, _ => null } ?? CloseReason.Abnormal, result.Reason);
        await AssertSendsThrowAsync(session);

        return new Ending
        {
            Wire = wire,
            Incoming = await ReceiveAllAsync(session),
            Sent = result.Sent?.ToString(),
            Received = result.Received?.ToString(),
            Initiator = result.Initiator,
            WasClean = result.WasClean,
            Error = result.Error?.GetType().Name,
            Discarded = result.DiscardedMessages,
        };
    }

    public static string Describe(Frame frame)
    {
        string fragment = frame.Fin ? "" : "...";
        return frame switch
        {
            Frame.Text text => System.Text.Encoding.UTF8.GetString(text.Data.Span) + fragment,
            Frame.Close close => $"Close({close.ReadReason()})",
            _ => $"{frame.Type}({Convert.ToHexString(frame.Data.Span)}){fragment}",
        };
    }

    public static string Describe(Exception error) => error.InnerException is { } inner ? $"{error.GetType().Name} <- {inner.GetType().Name}" : error.GetType().Name;

    // To the end, and the end in every way to ask for it.
    private static async Task<string> ReceiveAllAsync(WebSocketSession session)
    {
        var seen = new List<string>();
        Exception? error = null;
        try
        {
            await foreach (Frame frame in session.Incoming)
            {
                seen.Add(Describe(frame));
                frame.Recycle();
            }
        }
        catch (Exception e)
        {
            error = e;
        }

        if (error is null)
        {
            Assert.False(await session.Incoming.WaitToReadAsync().Soon());
            await Assert.ThrowsAsync<WebSocketClosedException>(() => session.Incoming.ReadAsync().Soon());
            await session.Incoming.Completion.Soon();
        }
        else
        {
            Assert.Same(error, await Assert.ThrowsAnyAsync<WebSocketException>(() => session.Incoming.WaitToReadAsync().Soon()));
            Assert.Same(error, await Assert.ThrowsAnyAsync<WebSocketException>(() => session.Incoming.ReadAsync().Soon()));
            Assert.Same(error, await Assert.ThrowsAnyAsync<WebSocketException>(() => session.Incoming.Completion.Soon()));
        }

        Assert.False(session.Incoming.TryRead(out _));
        seen.Add(error is null ? "end" : Describe(error));
        return string.Join(", ", seen);
    }

    private static async Task AssertSendsThrowAsync(WebSocketSession session)
    {
        var closed = await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync("late").Soon());
        Assert.Equal(await session.Completion, closed.Result with { DiscardedMessages = (await session.Completion).DiscardedMessages });
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync(new byte[1]).Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync(new Frame.Ping(default)).Soon());
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.SendAsync(new Frame.Close(CloseReason.Normal)).Soon());
        Assert.False(session.Outgoing.TryWrite(new Frame.Text("late")));
        Assert.False(session.Outgoing.TryWrite(new Frame.Ping(default)));
        Assert.False(session.Outgoing.TryWrite(new Frame.Close(CloseReason.Normal)));
        Assert.False(await session.Outgoing.WaitToWriteAsync().Soon());
        Assert.False(session.Outgoing.TryComplete());
        if (session is DefaultWebSocketSession pings)
            await Assert.ThrowsAsync<WebSocketClosedException>(() => pings.PingAsync().Soon());
    }
}
