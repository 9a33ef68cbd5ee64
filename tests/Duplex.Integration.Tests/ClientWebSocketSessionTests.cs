using System.Net;

namespace Duplex.Tests;

public sealed class ClientWebSocketSessionTests(KestrelServer server) : IClassFixture<KestrelServer>
{
    [Fact]
    [KtorParity("client-session/ClientWebSocketSession.call", "test-raw/testCloseSequenceInitiatedByClient")]
    public async Task A_raw_session_sends_and_receives_frames_as_they_are()
    {
        using HttpClient client = Clients.Create();

        await using ClientWebSocketSession session = await client.WebSocketRawSessionAsync(new Uri(server["ws"], "/echo")).Soon();
        Assert.Equal(HttpStatusCode.SwitchingProtocols, session.Call.Response!.StatusCode);
        await session.SendAsync(new Frame.Ping("p"u8.ToArray()));
        Assert.Equal("p"u8.ToArray(), Assert.IsType<Frame.Pong>(await session.Incoming.ReadAsync().Soon()).ReadBytes());
        await session.SendAsync(new Frame.Text(fin: false, "a"u8.ToArray()));
        await session.SendAsync(new Frame.Text(fin: true, "b"u8.ToArray()));
        Frame first = await session.Incoming.ReadAsync().Soon();
        Frame second = await session.Incoming.ReadAsync().Soon();
        Assert.Equal([(FrameType.Text, false), (FrameType.Text, true)], [(first.Type, first.Fin), (second.Type, second.Fin)]);

        // The user closes, and gets the peer's answer as a frame.
        var reason = new CloseReason((CloseCode)4000, "raw");
        await session.SendAsync(new Frame.Close(reason));
        Assert.Equal(reason, Assert.IsType<Frame.Close>(await session.Incoming.ReadAsync().Soon()).ReadReason());
        Assert.False(await session.Incoming.WaitToReadAsync().Soon());
        CloseResult end = await session.Completion.Soon();
        Assert.True(end.WasClean);
        Assert.Equal(CloseInitiator.Local, end.Initiator);
    }
}
