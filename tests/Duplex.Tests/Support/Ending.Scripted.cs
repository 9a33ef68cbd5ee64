namespace Duplex.Tests;

/// <summary>How a session with a <see cref="ScriptedPeer"/> ended.</summary>
internal sealed partial record Ending
{
    /// <summary>Observes an ended session in every way that a user can.</summary>
    public static async Task<Ending> ObserveAsync(SessionUnderTest<WebSocketSession> test)
    {
        await test.Session.Completion.Soon();
        Assert.True(test.Peer.Released.IsCompleted);
        return await ObserveAsync(test.Session, Describe(test.Peer));
    }

    /// <summary>All that was sent to the peer and not looked at yet.</summary>
    public static string Describe(ScriptedPeer peer)
    {
        var frames = new List<string>();
        while (peer.TryReceive(out Frame? frame))
            frames.Add(Describe(frame!));
        return string.Join(", ", frames);
    }
}
