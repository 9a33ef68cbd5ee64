namespace Duplex.Tests;

/// <summary>RFC 6455 §5.5: pings, pongs and Closes.</summary>
internal static class ControlFrames
{
    private static readonly string LongestReason = new('r', 123);

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("5.5", "All control frames MUST have a payload length of 125 bytes or less",
        [
            .. from frame in (PeerFrame[])[PeerFrame.Ping(new byte[126]), PeerFrame.Pong(new byte[126]), PeerFrame.Close(1000, new string('r', 124)), PeerFrame.Ping(new byte[65536])]
               select new Receiving($"a {Framing.Name(frame.Opcode)} frame of {frame.Payload.Length} bytes", frame.Head(2)) { Fails = CloseCode.ProtocolError, Says = "more than 125 bytes" },
            new Receiving("a ping of 126 bytes within a message", PeerFrame.Text("a").More, PeerFrame.Ping(new byte[126]).Head(2)) { Fails = CloseCode.ProtocolError },
            new Dialogue("we are told to send a ping, a pong of 126 bytes, and a Close with a reason of 124", "an ArgumentException, nothing on the wire, and the session goes on", async talk =>
            {
                await Assert.ThrowsAsync<ArgumentException>(() => talk.Session.SendAsync(new Frame.Ping(new byte[126])).Soon());
                await Assert.ThrowsAsync<ArgumentException>(() => talk.Session.SendAsync(new Frame.Pong(new byte[126])).Soon());
                Assert.Throws<ArgumentException>(() => new CloseReason(CloseCode.NormalClosure, new string('r', 124)));
                await talk.Session.SendAsync("on");
                await talk.HearAsync("text 'on'");
            }),
        ]),

        new("5.5.1", "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer (in network byte order) representing a status code",
            new Receiving("a Close of 1 byte", PeerFrame.CloseOf(3).Head(2)) { Fails = CloseCode.ProtocolError, Says = "payload of 1 byte" },
            new Receiving("an empty Close", PeerFrame.CloseOf()) { Hears = ["close"] },
            new Receiving("a Close with a code", PeerFrame.Close(1001)) { Hears = ["close 1001"] },
            new Receiving("a Close with a code and a text", PeerFrame.Close(4000, "bye")) { Hears = ["close 4000 'bye'"] },
            new Receiving("a Close with a text of 123 bytes", PeerFrame.Close(1000, LongestReason)) { Hears = [Words.Close(1000, LongestReason)] },
            new Dialogue("we close with a code and a text", "a Close whose body begins with the code in network byte order", async talk =>
            {
                Task closing = talk.Session.CloseAsync(new CloseReason(CloseCode.GoingAway, "h\u00E9"));
                Assert.Equal([0x03, 0xE9, (byte)'h', 0xC3, 0xA9], (await talk.Peer.HearAsync())!.Payload);
                await talk.Peer.SayAsync(PeerFrame.Close(1001));
                talk.Peer.Finish();
                await closing.Soon();
            })),
        new("5.5.1", "Following the 2-byte integer, the body MAY contain UTF-8-encoded data",
        [
            .. Utf8.Invalid.Select(invalid => new Receiving($"a Close whose text holds {invalid.Name}", PeerFrame.CloseOf([0x03, 0xE8, (byte)'x', .. invalid.Bytes, (byte)'x'])) { Fails = CloseCode.InvalidFramePayloadData }),
            .. Utf8.Unfinished.Select(bytes => new Receiving($"a Close whose text ends within a character, at {Convert.ToHexString(bytes)}", PeerFrame.CloseOf([0x03, 0xE8, .. bytes])) { Fails = CloseCode.InvalidFramePayloadData }),
            new Receiving("a Close whose text has characters of each length", PeerFrame.Close(1000, "a\u00E9\u20AC\U0001F30D")) { Hears = [Words.Close(1000, "a\u00E9\u20AC\U0001F30D")] },
        ]),
        new("5.5.1", "The application MUST NOT send any more data frames after sending a Close frame.",
            new Dialogue("we close, and are told to send text, bytes, a fragment and a stream", "a WebSocketClosedException each, and nothing on the wire behind the Close", async talk =>
            {
                Task closing = talk.Session.CloseAsync();
                await Assert.ThrowsAsync<WebSocketClosedException>(() => talk.Session.SendAsync("late").Soon());
                await Assert.ThrowsAsync<WebSocketClosedException>(() => talk.Session.SendAsync(new byte[1]).Soon());
                await Assert.ThrowsAsync<WebSocketClosedException>(() => talk.Session.SendAsync(new Frame.Text(fin: false, "late"u8.ToArray())).Soon());
                await Assert.ThrowsAsync<WebSocketClosedException>(() => talk.Session.SendAsync(new MemoryStream(new byte[1])).Soon());
                await talk.HearAsync("close 1000");
                await talk.Peer.SayAsync(PeerFrame.Close(1000));
                talk.Peer.Finish();
                await talk.HearAsync("the end");
                await closing.Soon();
            }),
            new Dialogue("the peer closes while we send a stream", "our Close comes between its fragments, and nothing behind it", async talk =>
            {
                var content = new StepStream();
                Task streaming = talk.Session.SendAsync(content, FrameType.Text).AsTask();
                content.Give("a"u8);
                await talk.HearAsync("text 'a' ...");
                await talk.Peer.SayAsync(PeerFrame.Close(1001));
                await talk.HearAsync("close 1001");
                content.Give("b"u8);
                talk.Peer.Finish();
                await talk.HearAsync("the end");
                await Assert.ThrowsAsync<WebSocketClosedException>(() => streaming.Soon());
            })),
        new("5.5.1", "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in response.",
            new Receiving("a Close behind a message", PeerFrame.Text("a"), PeerFrame.Close(3000)) { Sees = ["text 'a'"], Hears = ["close 3000"] },
            new Receiving("a Close behind a ping", PeerFrame.Ping(1), PeerFrame.Close(1000)) { Hears = ["pong 01", "close 1000"] },
            new Dialogue("the peer answers our Close", "no second Close", async talk =>
            {
                Task<CloseResult> closing = talk.Session.CloseAsync(new CloseReason((CloseCode)4001));
                await talk.HearAsync("close 4001");
                await talk.Peer.SayAsync(PeerFrame.Close(4001));
                talk.Peer.Finish();
                await talk.HearAsync("the end");
                Assert.True((await closing.Soon()).WasClean);
            }),
            new Dialogue("both close at once", "one Close each, and a clean end", async talk =>
            {
                await talk.Peer.SayAsync(PeerFrame.Close(1001)); // on its way before ours is
                Task<CloseResult> closing = talk.Session.CloseAsync(new CloseReason((CloseCode)4001));
                Assert.Contains(await talk.HearAsync(), (string[])["close 4001", "close 1001"]);
                talk.Peer.Finish();
                await talk.HearAsync("the end");
                Assert.True((await closing.Soon()).WasClean);
            })),
        new("5.5.1", "After both sending and receiving a Close message, an endpoint considers the WebSocket connection closed and MUST close the underlying TCP connection.",
            new Receiving("data, a ping and another Close behind the Close", PeerFrame.Close(1000), PeerFrame.Text("late"), PeerFrame.Ping(1), PeerFrame.Close(1001)) { Hears = ["close 1000"] },
            new Receiving("a broken frame behind the Close", PeerFrame.Close(1000), new PeerFrame(0x3, [1]) { Reserved = 7 }) { Hears = ["close 1000"] },
            new Receiving("the first half of a frame behind the Close", PeerFrame.Close(1000), PeerFrame.Text("half").Cut(2)) { Hears = ["close 1000"] }),
        new("5.5.1", "The server MUST close the underlying TCP connection immediately",
            new Dialogue("the peer closes, and leaves its half of the connection open", "our Close, and the end", async talk =>
            {
                await talk.Peer.SayAsync(PeerFrame.Close(1000));
                await talk.HearAsync("close 1000", "the end");
            }) { Roles = [WebSocketRole.Server] },
            new Dialogue("the peer answers our Close, and leaves its half of the connection open", "the end", async talk =>
            {
                Task closing = talk.Session.CloseAsync();
                await talk.HearAsync("close 1000");
                await talk.Peer.SayAsync(PeerFrame.Close(1000));
                await talk.HearAsync("the end");
                await closing.Soon();
            }) { Roles = [WebSocketRole.Server] }),
        new("5.5.1", "clients MUST NOT show it to end users") { Elsewhere = "for applications; `CloseReason.Message` says that its text is not to be trusted" },

        new("5.5.2", "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close frame.",
            new Receiving("an empty ping", PeerFrame.Ping()) { Hears = ["empty pong"] },
            new Receiving("pings before, between and behind messages", PeerFrame.Ping(1), PeerFrame.Text("a"), PeerFrame.Ping(2), PeerFrame.Binary(3), PeerFrame.Ping(4))
                { Sees = ["text 'a'", "binary 03"], Hears = ["pong 01", "pong 02", "pong 04"] },
            new Receiving("40 pings at once", [.. Enumerable.Range(0, 40).Select(i => PeerFrame.Ping((byte)i))]) { Hears = [.. Enumerable.Range(0, 40).Select(i => $"pong {i:X2}")] },
            new Receiving("a ping behind a Close", PeerFrame.Close(1000), PeerFrame.Ping(1)) { Hears = ["close 1000"] },
            new Dialogue("a ping while our user receives nothing", "a pong", async talk =>
            {
                await talk.Peer.SayAsync(PeerFrame.Text("unread"), PeerFrame.Ping(1));
                await talk.HearAsync("pong 01");
            })),
        new("5.5.3", "A Pong frame sent in response to a Ping frame must have identical \"Application data\" as found in the message body of the Ping frame being replied to.",
        [
            .. ((byte[][])[[0], "Hello"u8.ToArray(), Framing.Pattern(124), Framing.Pattern(125), [0xFF, 0xFE, 0x00, 0xC0]])
                .Select(bytes => new Receiving($"a ping of {bytes.Length} bytes", PeerFrame.Ping(bytes)) { Hears = [Words.Pong(bytes)] }),
        ]),
        new("5.5.3", "A Pong frame MAY be sent unsolicited. [...] A response to an unsolicited Pong frame is not expected.",
            new Receiving("an unsolicited pong", PeerFrame.Pong(1, 2, 3)),
            new Receiving("an empty pong, and one of 125 bytes", PeerFrame.Pong(), PeerFrame.Pong(Framing.Pattern(125)), PeerFrame.Text("a")) { Sees = ["text 'a'"] },
            new Dialogue("our ping is answered by another payload, then by its own", "the ping takes the second for its pong", async talk =>
            {
                Task<TimeSpan> ping = talk.Default.PingAsync();
                byte[] payload = (await talk.Peer.HearAsync())!.Payload;
                await talk.Peer.SayAsync(PeerFrame.Pong([.. payload, 0]), PeerFrame.Ping(1));
                await talk.HearAsync("pong 01");
                Assert.False(ping.IsCompleted);
                await talk.Peer.SayAsync(PeerFrame.Pong(payload));
                await ping.Soon();
            })),
    ];
}
