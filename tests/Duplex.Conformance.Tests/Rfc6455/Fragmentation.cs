namespace Duplex.Tests;

/// <summary>RFC 6455 §5.4: messages in fragments.</summary>
internal static class Fragmentation
{
    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("5.4", "Clients and servers MUST support receiving both fragmented and unfragmented messages.",
            new Receiving("text whole and in two, binary whole and in two", PeerFrame.Text("whole"), PeerFrame.Text("in ").More, PeerFrame.Continuation("two"), PeerFrame.Binary(1), PeerFrame.Binary(2).More, PeerFrame.Continuation(3))
                { Sees = ["text 'whole'", "text 'in two'", "binary 01", "binary 0203"] },
            new Receiving("the fragments of §5.7", PeerFrame.Text("Hel").More, PeerFrame.Continuation("lo")) { Sees = ["text 'Hello'"] },
            new Receiving("a fragment for each byte", [.. PeerFrame.Cut(0x1, "every byte"u8.ToArray(), 1)]) { Sees = ["text 'every byte'"] },
            new Receiving("an empty first fragment", PeerFrame.Text("").More, PeerFrame.Continuation("a")) { Sees = ["text 'a'"] },
            new Receiving("an empty last fragment", PeerFrame.Text("a").More, PeerFrame.Continuation()) { Sees = ["text 'a'"] },
            new Receiving("an empty fragment in the middle", PeerFrame.Binary(1).More, PeerFrame.Continuation().More, PeerFrame.Continuation(2)) { Sees = ["binary 0102"] },
            new Receiving("nothing but empty fragments", PeerFrame.Text("").More, PeerFrame.Continuation().More, PeerFrame.Continuation()) { Sees = ["text ''"] },
            new Receiving("fragments of 64 KiB and 1 byte by turns", [.. Uneven()]) { Sees = [Words.Binary([.. Uneven().SelectMany(frame => frame.Payload)])] },
            Large.Message("4 MiB in fragments of 64 bytes", 0x2, () => Framing.Pattern(4 << 20), 64),
            Large.Message("4 MiB of text in fragments of 4 KiB", 0x1, () => Framing.Letters(4 << 20), 4096),
            Large.Message("64 MiB in fragments of 1 MiB", 0x2, () => Framing.Pattern(64 << 20), 1 << 20)),
        new("5.4", "An endpoint MUST be capable of handling control frames in the middle of a fragmented message.",
            new Receiving("a ping between fragments", PeerFrame.Text("a").More, PeerFrame.Ping(1), PeerFrame.Continuation("b")) { Sees = ["text 'ab'"], Hears = ["pong 01"] },
            new Receiving("pings and pongs between all fragments", PeerFrame.Binary(1).More, PeerFrame.Ping(2), PeerFrame.Pong(3), PeerFrame.Continuation(4).More, PeerFrame.Ping(), PeerFrame.Ping(5), PeerFrame.Continuation(6))
                { Sees = ["binary 010406"], Hears = ["pong 02", "empty pong", "pong 05"] },
            new Receiving("a pong between fragments", PeerFrame.Text("a").More, PeerFrame.Pong(1), PeerFrame.Continuation("b")) { Sees = ["text 'ab'"] },
            new Receiving("a ping within a character that two fragments share", PeerFrame.Text([0xC3]).More, PeerFrame.Ping(1), PeerFrame.Continuation(0xA9)) { Sees = ["text '\u00E9'"], Hears = ["pong 01"] },
            new Receiving("a Close between fragments", PeerFrame.Text("a").More, PeerFrame.Close(1001)) { Hears = ["close 1001"] },
            new Dialogue("a ping between fragments, of which the last never comes", "the ping is answered at once", async talk =>
            {
                await talk.Peer.SayAsync(PeerFrame.Text("a").More, PeerFrame.Ping(1));
                await talk.HearAsync("pong 01");
            })),
        new("5.4", "A fragmented message consists of a single frame with the FIN bit clear and an opcode other than 0, followed by zero or more frames with the FIN bit clear and the opcode set to 0, and "
            + "terminated by a single frame with the FIN bit set and an opcode of 0.",
            Fails("a continuation before any message", PeerFrame.Continuation(1).Head(1)),
            Fails("a continuation before any message, with more to follow", PeerFrame.Continuation(1).More.Head(1)),
            Fails("a continuation behind a whole message", PeerFrame.Binary(1), PeerFrame.Continuation(2).Head(1)) with { Sees = ["binary 01"] },
            Fails("a continuation behind the last fragment", PeerFrame.Binary(1).More, PeerFrame.Continuation(2), PeerFrame.Continuation(3).Head(1)) with { Sees = ["binary 0102"] },
            Fails("a continuation behind a ping", PeerFrame.Ping(1), PeerFrame.Continuation(2).More.Head(1)) with { Hears = ["pong 01"] }),
        new("5.4", "The fragments of one message MUST NOT be interleaved between the fragments of another message unless an extension has been negotiated that can interpret the interleaving.",
        [
            .. from first in (PeerFrame[])[PeerFrame.Text("a"), PeerFrame.Binary(1)]
               from second in (PeerFrame[])[PeerFrame.Text("b"), PeerFrame.Binary(2), PeerFrame.Text("b").More, PeerFrame.Binary(2).More]
               select Fails($"a {Framing.Name(second.Opcode)} frame{(second.Fin ? "" : " with more to follow")} before the last fragment of a {Framing.Name(first.Opcode)} message", first.More, second.Head(1)),
            Fails("a new message between the second and the third fragment", PeerFrame.Text("a").More, PeerFrame.Continuation("b").More, PeerFrame.Text("c").Head(1)),
            new Dialogue("we send a stream, and two messages while it is open", "the messages come behind the stream's last fragment", async talk =>
            {
                var content = new StepStream();
                Task streaming = talk.Session.SendAsync(content, FrameType.Text).AsTask();
                content.Give("a"u8);
                await talk.HearAsync("text 'a' ...");
                Task first = talk.Session.SendAsync("first").AsTask(), second = talk.Session.SendAsync(new byte[] { 2 }).AsTask();
                content.Give("b"u8);
                await talk.HearAsync("continuation 62 ...");
                Assert.False(first.IsCompleted || second.IsCompleted);
                content.End();
                await talk.HearAsync("empty continuation", "text 'first'", "binary 02");
                await Task.WhenAll(streaming, first, second).Soon();
            }),
            new Dialogue("we are told to begin a message within another", "an InvalidOperationException, nothing on the wire, and the message can be finished", async talk =>
            {
                await talk.Session.SendAsync(new Frame.Text(fin: false, "a"u8.ToArray()));
                await Assert.ThrowsAsync<InvalidOperationException>(() => talk.Session.SendAsync(new Frame.Binary(fin: true, new byte[1])).Soon());
                await talk.Session.SendAsync(new Frame.Text(fin: true, "b"u8.ToArray()));
                await talk.HearAsync("text 'a' ...", "continuation 62");
            }),
        ]),
        new("5.4", "Control frames themselves MUST NOT be fragmented.",
        [
            .. ((PeerFrame[])[PeerFrame.Ping(1), PeerFrame.Pong(1), PeerFrame.Close(1000), PeerFrame.Ping(), PeerFrame.CloseOf()])
                .Select(frame => Fails($"{(frame.Payload.Length == 0 ? "an empty" : "a")} {Framing.Name(frame.Opcode)} frame with more to follow", frame.More.Head(1))),
            Fails("a ping with more to follow, within a message", PeerFrame.Text("a").More, PeerFrame.Ping(1).More.Head(1)),
        ]),
        new("5.4", "Message fragments MUST be delivered to the recipient in the order sent by the sender.",
            new Dialogue("we send 100 fragments", "100 fragments in order", async talk =>
            {
                for (int i = 0; i < 100; i++)
                    await talk.Session.SendAsync(new Frame.Binary(fin: i == 99, new[] { (byte)i }));
                await talk.HearAsync([.. Enumerable.Range(0, 100).Select(i => $"{(i == 0 ? "binary" : "continuation")} {i:X2}{(i == 99 ? "" : " ...")}")]);
            }) { Chunks = [64 * 1024] }),
        new("5.4", "an intermediary MUST NOT attempt to change the fragmentation of a control frame") { Elsewhere = "and the two rules beside it: for intermediaries, which we are not" },
    ];

    private static IEnumerable<PeerFrame> Uneven() =>
        [PeerFrame.Binary(Framing.Pattern(65536)).More, PeerFrame.Continuation(1).More, PeerFrame.Continuation(Framing.Pattern(65535)).More, PeerFrame.Continuation(2)];

    private static Receiving Fails(string what, params PeerFrame[] sent) => new(what, sent) { Fails = CloseCode.ProtocolError };
}
