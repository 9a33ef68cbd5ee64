namespace Duplex.Tests;

/// <summary>RFC 6455 §10.4: what is too much. Each limit is met at the limit and at one more.</summary>
internal static class Limits
{
    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("10.4", "Implementations that have implementation- and/or platform-specific limitations regarding the frame size or total message size after reassembly from multiple frames MUST protect themselves against "
            + "exceeding those limits.",
        [
            .. ((int[])[2, 125, 126, 1000, 65535, 65536]).Select(limit => new Receiving($"a frame of {limit} bytes where MaxFrameSize is {limit}", PeerFrame.Binary(Framing.Pattern(limit)))
                { Setup = Frames(limit), Sees = [Words.Binary(Framing.Pattern(limit))] }),
            .. ((int[])[2, 125, 126, 1000, 65535, 65536]).Select(limit => TooBig($"a frame of {limit + 1} bytes where MaxFrameSize is {limit}", limit + 1, "MaxFrameSize", limit, PeerFrame.Binary(new byte[limit + 1]).Cut(0))
                with { Setup = Frames(limit) }),
            TooBig("a last fragment of 11 bytes where MaxFrameSize is 10", 11, "MaxFrameSize", 10, PeerFrame.Binary(1).More, PeerFrame.Continuation(new byte[11]).Cut(0)) with { Setup = Frames(10) },
            TooBig("a ping of 11 bytes where MaxFrameSize is 10", 11, "MaxFrameSize", 10, PeerFrame.Ping(new byte[11]).Cut(0)) with { Setup = Frames(10) },
            new Receiving("a ping of 125 bytes where MaxFrameSize is 125", PeerFrame.Ping(Framing.Pattern(125))) { Setup = Frames(125), Hears = [Words.Pong(Framing.Pattern(125))] },
            TooBig("a frame of 2^62 bytes", 1L << 62, "MaxFrameSize", 64 << 20, PeerFrame.Binary() with { Declared = 1UL << 62 }),
            TooBig("a frame of 64 MiB and one byte", (64 << 20) + 1, "MaxFrameSize", 64 << 20, PeerFrame.Text("") with { Declared = (64 << 20) + 1 }),

            new Receiving("a message of 1,000 bytes where MaxMessageSize is 1,000", PeerFrame.Binary(Framing.Pattern(1000))) { Setup = Sizes(1000), Sees = [Words.Binary(Framing.Pattern(1000))] },
            new Receiving("600 and 400 bytes in fragments where MaxMessageSize is 1,000", [.. PeerFrame.Cut(0x2, Framing.Pattern(1000), 600)]) { Setup = Sizes(1000), Sees = [Words.Binary(Framing.Pattern(1000))] },
            new Receiving("two messages of 1,000 bytes where MaxMessageSize is 1,000", PeerFrame.Binary(new byte[1000]), PeerFrame.Binary(new byte[1000])) { Setup = Sizes(1000), Sees = [Words.Binary(new byte[1000]), Words.Binary(new byte[1000])] },
            TooBig("a message of 1,001 bytes where MaxMessageSize is 1,000", 1001, "MaxMessageSize", 1000, PeerFrame.Binary(new byte[1001]).Cut(0)) with { Setup = Sizes(1000) },
            TooBig("600 and 401 bytes in fragments where MaxMessageSize is 1,000", 1001, "MaxMessageSize", 1000, PeerFrame.Binary(new byte[600]).More, PeerFrame.Continuation(new byte[401]).Cut(0)) with { Setup = Sizes(1000) },
            TooBig("a fragment of 1 byte behind 1,000 where MaxMessageSize is 1,000", 1001, "MaxMessageSize", 1000, PeerFrame.Text(Framing.Letters(1000)).More, PeerFrame.Continuation([1]).More.Cut(0)) with { Setup = Sizes(1000) },
            new Large("64 MiB in fragments of 1 MiB, and one byte", "fails with 1009, at the header of that byte", () =>
                TooBig("", (64 << 20) + 1, "MaxMessageSize", 64 << 20, [.. PeerFrame.Cut(0x2, new byte[64 << 20], 1 << 20).Select(frame => frame.More), PeerFrame.Continuation([1]).Cut(0)])) { Chunks = [64 * 1024] },

            new Receiving("3 fragments where MaxFragments is 3", [.. PeerFrame.Cut(0x1, "abc"u8.ToArray(), 1)]) { Setup = Fragments(3), Sees = ["text 'abc'"] },
            new Receiving("a whole message where MaxFragments is 1", PeerFrame.Text("a")) { Setup = Fragments(1), Sees = ["text 'a'"] },
            new Receiving("3 fragments and 3 pings where MaxFragments is 3", PeerFrame.Text("a").More, PeerFrame.Ping(1), PeerFrame.Continuation("b").More, PeerFrame.Ping(2), PeerFrame.Ping(3), PeerFrame.Continuation("c"))
                { Setup = Fragments(3), Sees = ["text 'abc'"], Hears = ["pong 01", "pong 02", "pong 03"] },
            TooMany("4 fragments where MaxFragments is 3", 3, PeerFrame.Text("a").More, PeerFrame.Continuation("b").More, PeerFrame.Continuation("c").More, PeerFrame.Continuation("d").Cut(0)) with { Setup = Fragments(3) },
            TooMany("a second, empty fragment where MaxFragments is 1", 1, PeerFrame.Text("a").More, PeerFrame.Continuation()) with { Setup = Fragments(1) },
            Large.Message("131,072 fragments", 0x2, () => Framing.Pattern(131_072), 1),
            new Large("131,073 fragments", "fails with 1009, at the header of the last", () =>
                TooMany("", 131_072, [.. PeerFrame.Cut(0x2, new byte[131_072], 1).Select(frame => frame.More), PeerFrame.Continuation().More])) { Chunks = [64 * 1024] },
        ]),
    ];

    private static SessionSetup Frames(int limit) => new() { Options = ws => ws.MaxFrameSize = limit };

    private static SessionSetup Sizes(int limit) => new() { Options = ws => ws.MaxMessageSize = limit };

    private static SessionSetup Fragments(int limit) => new() { Options = ws => ws.MaxFragments = limit };

    private static Receiving TooBig(string what, long size, string name, long limit, params PeerFrame[] sent) =>
        new(what, sent) { Fails = CloseCode.MessageTooBig, Says = $"sent {size} bytes where {name} allows {limit}" };

    private static Receiving TooMany(string what, int limit, params PeerFrame[] sent) =>
        new(what, sent) { Fails = CloseCode.MessageTooBig, Says = $"sent {limit + 1} fragments where MaxFragments allows {limit}" };
}
