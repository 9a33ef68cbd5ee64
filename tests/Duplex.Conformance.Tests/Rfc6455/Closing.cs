namespace Duplex.Tests;

/// <summary>RFC 6455 §7: the end of a connection.</summary>
internal static class Closing
{
    private static readonly int[] Sendable = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

    private static readonly int[] Reserved = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535];

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("7.1.2", "an endpoint MUST send a Close control frame, as described in Section 5.5.1, whose status code is set to /code/ and whose close reason is set to /reason/",
        [
            .. Sendable.Select(code => new Dialogue($"we close with {code} and a reason", $"a Close of {code} with that reason", async talk =>
            {
                Task<CloseResult> closing = talk.Session.CloseAsync(new CloseReason((CloseCode)code, "why"));
                await talk.HearAsync(Words.Close(code, "why"));
                await talk.Peer.SayAsync(PeerFrame.Close(code));
                talk.Peer.Finish();
                Assert.Equal((CloseCode)code, (await closing.Soon()).Sent?.Code);
            }) { Chunks = [64 * 1024] }),
            new Dialogue("we close, and the peer still sends messages before it answers", "our user gets them, then the end", async talk =>
            {
                Task<(List<string> Seen, Exception? Error)> seeing = talk.SeeAllAsync();
                Task<CloseResult> closing = talk.Session.CloseAsync();
                await talk.HearAsync("close 1000");
                await talk.Peer.SayAsync(PeerFrame.Text("a"), PeerFrame.Text("b").More, PeerFrame.Continuation("c"), PeerFrame.Close(1000));
                talk.Peer.Finish();
                (List<string> seen, Exception? error) = await seeing.Soon();
                Assert.Equal(["text 'a'", "text 'bc'"], seen);
                Assert.Null(error);
                Assert.True((await closing.Soon()).WasClean);
            }),
        ]),
        new("7.1.5", "_The WebSocket Connection Close Code_ is defined as the status code (Section 7.4) contained in the first Close control frame received [...]. If this Close control frame contains no status "
            + "code, _The WebSocket Connection Close Code_ is considered to be 1005. If _The WebSocket Connection is Closed_ and no Close control frame was received [...], _The WebSocket Connection Close Code_ is considered to be 1006.",
        [
            Reason("an empty Close", [PeerFrame.CloseOf()], 1005, ""),
            Reason("a Close of 4242 with a text", [PeerFrame.Close(4242, "because")], 4242, "because"),
            Reason("a Close without a text", [PeerFrame.Close(1001)], 1001, ""),
            Reason("two Closes", [PeerFrame.Close(1001), PeerFrame.Close(1002)], 1001, ""),
            Reason("nothing, and the end of the connection", [], 1006, ""),
            Reason("text, and the end of the connection within a frame", [PeerFrame.Text("a"), PeerFrame.Text("half").Cut(2)], 1006, ""),
            Reason("the end of the connection within a header", [PeerFrame.Ping(1).Head(1)], 1006, ""),
            Reason("the end of the connection between fragments", [PeerFrame.Text("a").More], 1006, ""),
        ]),
        new("7.1.7", "An endpoint MUST NOT continue to attempt to process data (including a responding Close frame) from the remote endpoint after being instructed to _Fail the WebSocket Connection_.",
            Broken("messages, a ping and a Close right behind a violation", PeerFrame.Text("late"), PeerFrame.Ping(1), PeerFrame.Close(1000)),
            Broken("another violation right behind one", new PeerFrame(0x3, [1]), PeerFrame.Text([0xFF])),
            Broken("64 KiB of pings right behind a violation", [.. Enumerable.Range(0, 600).Select(_ => PeerFrame.Ping(new byte[100]))]) with { Chunks = [7, 64 * 1024] },
            new Receiving("bad text, and its message's rest right behind", PeerFrame.Text([0x61, 0xFF]).More.Cut(2)) { Fails = CloseCode.InvalidFramePayloadData, Behind = [PeerFrame.Continuation("rest"), PeerFrame.Ping(1)] }),
        new("7.1.7", "To do so, the client MUST _Close the WebSocket Connection_ [...]. Similarly, to do so, the server MUST _Close the WebSocket Connection_",
            new Dialogue("a violation, and the peer neither answers our Close nor ends the connection", "the end, after a second at most", async talk =>
            {
                await talk.Peer.SayAsync(new PeerFrame(0x3, []).Head(1));
                await talk.HearAsync("close 1002", "the end");
                CloseResult result = await talk.Session.Completion.Soon();
                Assert.Equal((CloseCode.ProtocolError, false), (result.Reason.Code, result.WasClean));
            }) { Chunks = [64 * 1024] }),
        new("7.2.1", "If at any point the underlying transport layer connection is unexpectedly lost, the client MUST _Fail the WebSocket Connection_.",
            new Dialogue("the peer ends the connection without a Close", "the end, with no Close of ours, and 1006", async talk =>
            {
                await talk.Peer.SayAsync(PeerFrame.Text("a"));
                talk.Peer.Finish();
                (List<string> seen, Exception? error) = await talk.SeeAllAsync().Soon();
                Assert.Equal(["text 'a'"], seen);
                Assert.IsType<EndOfStreamException>(Assert.IsType<WebSocketClosedException>(error).InnerException);
                await talk.HearAsync("the end");
                CloseResult result = await talk.Session.Completion.Soon();
                Assert.Equal((CloseInitiator.None, CloseCode.AbnormalClosure), (result.Initiator, result.Reason.Code));
            })),
        new("7.2.3", "clients SHOULD use some form of backoff when trying to reconnect") { Elsewhere = "for code that reconnects: a session is one connection, and is never opened again by itself" },

        new("7.4.1", "1005 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint. [...] 1006 is a reserved value and MUST NOT be set as a status code in a Close "
            + "control frame by an endpoint. [...] 1015 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint.",
        [
            .. ((int[])[1004, 1005, 1006, 1015]).Select(Refused),
            .. ((int[])[1004, 1005, 1006, 1015]).Select(Illegal),
            .. Sendable.Where(code => code < 3000).Select(code => new Receiving($"a Close of {code}", PeerFrame.Close(code)) { Hears = [Words.Close(code)] }),
        ]),
        new("7.4.2", "Status codes in the range 0-999 are not used. [...] Status codes in the range 1000-2999 are reserved for definition by this protocol, its future revisions, and extensions",
        [
            .. Reserved.Where(code => code is not (1004 or 1005 or 1006 or 1015)).Select(Refused),
            .. Reserved.Where(code => code is not (1004 or 1005 or 1006 or 1015)).Select(Illegal),
            .. Sendable.Where(code => code >= 3000).Select(code => new Receiving($"a Close of {code}", PeerFrame.Close(code)) { Hears = [Words.Close(code)] }),
        ]),
    ];

    private static Receiving Illegal(int code) => new($"a Close of {code}", PeerFrame.Close(code)) { Fails = CloseCode.ProtocolError, Says = $"carries the code {code}" };

    private static Dialogue Refused(int code) => new($"we are told to close with {code}", "an ArgumentException, nothing on the wire, and the session goes on", async talk =>
    {
        await Assert.ThrowsAsync<ArgumentException>(() => talk.Session.CloseAsync(new CloseReason((CloseCode)code)).Soon());
        await talk.Session.SendAsync("on");
        await talk.HearAsync("text 'on'");
    })
    { Chunks = [64 * 1024] };

    private static Receiving Broken(string what, params PeerFrame[] behind) =>
        new(what, PeerFrame.Text("good"), new PeerFrame(0x3, []) { HeaderBytes = 1 }) { Sees = ["text 'good'"], Fails = CloseCode.ProtocolError, Behind = behind };

    private static Dialogue Reason(string what, PeerFrame[] sent, int code, string text) => new(what, $"{code}{(text.Length > 0 ? $" and '{text}'" : "")}", async talk =>
    {
        await talk.Peer.SayAsync(sent);
        talk.Peer.Finish();
        await talk.SeeAllAsync().Soon();
        CloseReason reason = await talk.Default.CloseReason.Soon();
        Assert.Equal(((CloseCode)code, text), (reason.Code, reason.Message));
    });
}
