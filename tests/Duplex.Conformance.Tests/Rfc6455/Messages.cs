namespace Duplex.Tests;

/// <summary>RFC 6455 §6: sending and receiving messages.</summary>
internal static class Messages
{
    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("6.1", "The endpoint MUST ensure the WebSocket connection is in the OPEN state [...] If at any point the state of the WebSocket connection changes, the endpoint MUST abort the following steps.",
            new Dialogue("we send text behind the end of the connection", "a WebSocketClosedException", async talk =>
            {
                await talk.Peer.SayAsync(PeerFrame.Close(1000));
                await talk.HearAsync("close 1000");
                talk.Peer.Finish();
                await talk.Session.Completion.Soon();
                await Assert.ThrowsAsync<WebSocketClosedException>(() => talk.Session.SendAsync("late").Soon());
                await talk.HearAsync("the end");
            })),
        new("6.1", "The opcode (frame-opcode) of the first frame containing the data MUST be set to the appropriate value from Section 5.2 for data that is to be interpreted by the recipient as text or binary data.",
            new Dialogue("we send text and bytes in each way there is", "text as 1, bytes as 2, what follows as 0", async talk =>
            {
                await talk.Session.SendAsync("a");
                await talk.Session.SendTextAsync("b"u8.ToArray());
                await talk.Session.SendAsync(new Frame.Text("c"));
                await talk.Session.SendAsync(new byte[] { 4 });
                await talk.Session.SendAsync(new Frame.Binary(new byte[] { 5 }));
                await talk.HearAsync("text 'a'", "text 'b'", "text 'c'", "binary 04", "binary 05");
                await talk.Session.SendAsync(new Frame.Binary(fin: false, new byte[] { 6 }));
                await talk.Session.SendAsync(new Frame.Binary(fin: true, new byte[] { 7 }));
                await talk.HearAsync("binary 06 ...", "continuation 07");
                await talk.Session.SendAsync("");
                await talk.Session.SendAsync(ReadOnlyMemory<byte>.Empty);
                await talk.HearAsync("text ''", "empty binary");
            })),
        new("6.1", "The FIN bit (frame-fin) of the last frame containing the data MUST be set to 1",
            new Dialogue("we send streams of text and of bytes, an empty one too", "each ends with FIN, and only there", async talk =>
            {
                await talk.Session.SendAsync(new MemoryStream("text"u8.ToArray()), FrameType.Text);
                Assert.Equal("text", await JoinAsync(talk, 0x1));
                await talk.Session.SendAsync(new MemoryStream("bytes"u8.ToArray()));
                Assert.Equal("bytes", await JoinAsync(talk, 0x2));
                await talk.Session.SendAsync(new MemoryStream());
                Assert.Equal("", await JoinAsync(talk, 0x2));
            })),
        new("6.1", "The frame(s) that have been formed MUST be transmitted over the underlying network connection.",
            Sent("1 MiB", 1 << 20), Sent("64 MiB", 64 << 20)),

        new("6.2", "Upon receiving a data frame (Section 5.6), the endpoint MUST note the /type/ of the data as defined by the opcode (frame-opcode)",
            new Receiving("the same bytes as text, as bytes, and in fragments of either", PeerFrame.Text("a"), PeerFrame.Binary(0x61), PeerFrame.Text("").More, PeerFrame.Continuation(0x61), PeerFrame.Binary().More, PeerFrame.Continuation(0x61))
                { Sees = ["text 'a'", "binary 61", "text 'a'", "binary 61"] }),
        new("6.2", "Subsequent data frames MUST be interpreted as belonging to a new WebSocket message.",
            new Receiving("300 messages in one breath", [.. Enumerable.Range(0, 300).Select(i => PeerFrame.Text($"message {i}"))]) { Sees = [.. Enumerable.Range(0, 300).Select(i => $"text 'message {i}'")] },
            new Receiving("empty messages", PeerFrame.Text(""), PeerFrame.Binary(), PeerFrame.Text("")) { Sees = ["text ''", "empty binary", "text ''"] }),
        new("6.2", "A server MUST remove masking for data frames received from a client",
            new Receiving("text and bytes that each byte of a key touches", PeerFrame.Text("Hello, Hello") with { Key = 0xFFFFFFFF }, PeerFrame.Binary(0, 0, 0, 0, 0) with { Key = 0x01020304 })
                { Roles = [WebSocketRole.Server], Sees = ["text 'Hello, Hello'", "binary 0000000000"] }),
    ];

    private static Dialogue Sent(string size, int length) => new($"we send {size} of bytes and of text", "the same on the wire", async talk =>
    {
        byte[] bytes = Framing.Pattern(length), text = Framing.Letters(length);
        Task sending = Task.WhenAll(talk.Session.SendAsync(bytes).AsTask(), talk.Session.SendTextAsync(text).AsTask());
        await talk.HearAsync(Words.Binary(bytes), Words.Text(text));
        await sending.Soon();
    })
    { Chunks = [64 * 1024] };

    private static async Task<string> JoinAsync(Conversation talk, int opcode)
    {
        var joined = new MemoryStream();
        for (bool starts = true; ; starts = false)
        {
            HeardFrame frame = (await talk.Peer.HearAsync())!;
            Assert.Equal(starts ? opcode : 0x0, frame.Opcode);
            joined.Write(frame.Payload);
            if (frame.Fin)
                return System.Text.Encoding.UTF8.GetString(joined.ToArray());
        }
    }
}
