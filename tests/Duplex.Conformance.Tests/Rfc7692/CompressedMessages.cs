using System.IO.Compression;
using System.Text;

namespace Duplex.Tests;

/// <summary>RFC 7692 §6 and §7.2: compressed messages.</summary>
internal static class CompressedMessages
{
    private static readonly int[] Sizes = [0, 1, 16, 125, 126, 127, 1000, 65535, 65536, 200_000];

    private static readonly byte[] Hello = PeerDeflate.Of("Hello"u8);

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("6", "An endpoint MUST NOT set the \"Per-Message Compressed\" bit of control frames and non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the WebSocket Connection_.",
        [
            .. ((PeerFrame[])[PeerFrame.Ping(1), PeerFrame.Pong(1), PeerFrame.Close(1000)]).Select(frame => Broken($"RSV1 on a {Framing.Name(frame.Opcode)} frame", (frame with { Reserved = 4 }).Head(1))),
            Broken("RSV1 on a ping within a compressed message", Compression.Text(Hello[..3]).More, (PeerFrame.Ping(1) with { Reserved = 4 }).Head(1)),
            Broken("RSV1 on the second fragment of a compressed message", Compression.Text(Hello[..3]).More, (PeerFrame.Continuation(Hello[3..]) with { Reserved = 4 }).Head(1)),
            Broken("RSV1 on the second fragment of a message that is not compressed", PeerFrame.Text("He").More, (PeerFrame.Continuation("llo") with { Reserved = 4 }).Head(1)),
            .. ((int[])[1, 2, 3, 5, 6, 7]).Select(reserved => Broken($"{Framing.Bits(reserved)} on a message", (PeerFrame.Text(Hello) with { Reserved = reserved }).Head(1))),
            new Receiving("RSV1 on a message though permessage-deflate was declined", Compression.Text(Hello).Head(1))
                { Roles = [WebSocketRole.Client], Setup = Compression.Accepted() with { Answer = "" }, Fails = CloseCode.ProtocolError },
            new Dialogue("we send text whole, in fragments and from a stream", "RSV1 on the first frame of each, and nowhere else", async talk =>
            {
                await talk.Session.SendAsync("whole");
                Assert.Equal((0x1, true, 4), Bits(await talk.Peer.HearAsync()));
                await talk.Session.SendAsync(new Frame.Text(fin: false, "frag"u8.ToArray()));
                await talk.Session.SendAsync(new Frame.Text(fin: false, "ment"u8.ToArray()));
                await talk.Session.SendAsync(new Frame.Text(fin: true, "s"u8.ToArray()));
                Assert.Equal((0x1, false, 4), Bits(await talk.Peer.HearAsync()));
                Assert.Equal((0x0, false, 0), Bits(await talk.Peer.HearAsync()));
                Assert.Equal((0x0, true, 0), Bits(await talk.Peer.HearAsync()));
                await talk.Session.SendAsync(new MemoryStream(Encoding.ASCII.GetBytes(Compression.Json(300_000))), FrameType.Text);
                HeardFrame? frame = await talk.Peer.HearAsync();
                Assert.Equal((0x1, false, 4), Bits(frame));
                while (!frame!.Fin)
                    Assert.Equal((0x0, (frame = await talk.Peer.HearAsync())!.Fin, 0), Bits(frame));
            }) { Roles = [WebSocketRole.Client], Setup = Compression.Accepted(), Chunks = [64 * 1024] },
            new Dialogue("we ping, answer a ping, and close", "no RSV1, and nothing compressed", async talk =>
            {
                await talk.Session.SendAsync(new Frame.Ping("Hello"u8.ToArray()));
                await talk.Peer.SayAsync(PeerFrame.Ping(1));
                await talk.HearAsync(Words.Ping("Hello"u8), "pong 01");
                Task closing = talk.Session.CloseAsync(new CloseReason(CloseCode.NormalClosure, "Hello, Hello, Hello"));
                await talk.HearAsync(Words.Close(1000, "Hello, Hello, Hello")); // each is judged as it comes
                await talk.Peer.SayAsync(PeerFrame.Close(1000));
                talk.Peer.Finish();
                await closing.Soon();
            }) { Roles = [WebSocketRole.Client], Setup = Compression.Accepted() },
        ]),
        new("6.2", "If the \"Per-Message Compressed\" bit of the first fragment is not set, [the message is not compressed]",
            Compression.Receives("compressed and plain messages by turns", Compression.Text(Hello), PeerFrame.Text("plain"), Compression.Binary(Hello), PeerFrame.Binary(1, 2)) with
                { Sees = ["text 'Hello'", "text 'plain'", Words.Binary("Hello"u8), "binary 0102"] },
            Compression.Receives("compressed bytes without RSV1", PeerFrame.Binary(Hello)) with { Sees = [Words.Binary(Hello)] },
            Compression.Receives("plain messages in fragments", PeerFrame.Text("He").More, PeerFrame.Continuation("llo")) with { Sees = ["text 'Hello'"] },
            new Dialogue("we send one message that is not to be compressed between two that are", "no RSV1, and the bytes as they are", async talk =>
            {
                await talk.Session.SendAsync("Hello");
                await talk.Session.SendAsync("Hello", SendOptions.Untransformed, default);
                await talk.Session.SendAsync("Hello");
                HeardFrame[] heard = [(await talk.Peer.HearAsync())!, (await talk.Peer.HearAsync())!, (await talk.Peer.HearAsync())!];
                Assert.Equal([4, 0, 4], heard.Select(frame => frame.Reserved));
                Assert.Equal("Hello"u8, heard[1].Payload);
                Assert.Equal(["Hello", "Hello"], PeerDeflate.ExpandAll([heard[0].Payload, heard[2].Payload], takesOver: true).Select(Encoding.UTF8.GetString));
            }) { Roles = [WebSocketRole.Client], Setup = Compression.Accepted() }),

        new("7.2.1", "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end. After this step, the last octet of the compressed data contains (possibly part of) the DEFLATE header bits with the \"BTYPE\" bits set to 00.",
        [
            .. from level in (CompressionLevel[])[CompressionLevel.Fastest, CompressionLevel.Optimal, CompressionLevel.SmallestSize]
               select Sends($"we send text of {Sizes.Length} sizes at the level {level}", "", takesOver: true, deflate => deflate.Level = level),
        ]),
        new("7.2.1", "If the \"agreed parameters\" contain the \"client_no_context_takeover\" extension parameter, the client MUST start compressing each new message with an empty LZ77 sliding window.",
            Sends("we send text where it was agreed on", "; client_no_context_takeover", takesOver: false),
            Sends("we send text where all four parameters were agreed on", "; client_no_context_takeover; server_no_context_takeover; client_max_window_bits=9; server_max_window_bits=9", takesOver: false)),
        new("7.2.1", "If the \"agreed parameters\" contain the \"client_max_window_bits\" extension parameter with a value of w, the client MUST NOT use an LZ77 sliding window longer than the w-th power of 2 bytes to compress messages to send.",
        [
            .. Enumerable.Range(8, 8).Select(bits => Sends($"we send text where {bits} bits were agreed on", $"; client_max_window_bits={bits}", takesOver: true, windowBits: bits)),
        ]),

        new("7.2.2", "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message. Decompress the resulting data using DEFLATE.",
        [
            .. from size in Sizes
               from level in (CompressionLevel[])[CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.SmallestSize]
               select Compression.Receives($"text of {size} bytes, at the level {level}", Compression.Text(new PeerDeflate(level: level).Compress(Encoding.ASCII.GetBytes(Compression.Json(size))))) with
                   { Sees = [Words.Text(Compression.Json(size))] },
            .. Sizes.Select(size => Compression.Receives($"{size} bytes that nothing makes smaller", Compression.Binary(PeerDeflate.Of(Framing.Pattern(size)))) with { Sees = [Words.Binary(Framing.Pattern(size))] }),
            new Large("64 MiB of text", "seen", () =>
            {
                byte[] text = Framing.Letters(64 << 20);
                return Compression.Receives("", Compression.Text(new PeerDeflate(level: CompressionLevel.Fastest).Compress(text)))
                    with { Sees = [Words.Text(text)], Setup = Compression.Accepted("", deflate => deflate.MaxExpansion = 2000) };
            }) { Roles = [WebSocketRole.Client], Chunks = [64 * 1024] },
        ]),
        new("7.2.2", "(and a fragment may end at any byte of it)",
            Compression.Receives("a message cut into two fragments at each byte", [.. Enumerable.Range(0, Hello.Length + 1).SelectMany(at => (PeerFrame[])[Compression.Text(Hello[..at]).More, PeerFrame.Continuation(Hello[at..])])])
                with { Setup = Compression.Accepted("; server_no_context_takeover"), Sees = [.. Enumerable.Repeat("text 'Hello'", Hello.Length + 1)] },
            Compression.Receives("a fragment for each byte, pings between them", [.. Hello.SelectMany((octet, i) => (PeerFrame[])[(i == 0 ? Compression.Text([octet]) : PeerFrame.Continuation(octet)).More, PeerFrame.Ping((byte)i)]), PeerFrame.Continuation()])
                with { Sees = ["text 'Hello'"], Hears = [.. Hello.Select((_, i) => $"pong {i:X2}")] },
            Compression.Receives("an empty first and an empty last fragment", Compression.Text([]).More, PeerFrame.Continuation(Hello).More, PeerFrame.Continuation()) with { Sees = ["text 'Hello'"] }),
        new("7.2.2", "Otherwise, the client MUST decompress each new message using the LZ77 sliding window that was used to process the last compressed message.",
        [
            .. from takesOver in (bool[])[true, false]
               from bits in (int[])[8, 9, 12, 15]
               select Matrix(takesOver, bits),
            Compression.Receives("a message that refers to one before two plain ones and a ping", [.. Takeover()]) with { Sees = ["text 'Hello'", "text 'plain'", "binary 01", "text 'Hello'"], Hears = ["pong 01"] },
            Compression.Receives("200 messages that refer to each other", Many()) with { Sees = [.. Enumerable.Range(0, 200).Select(i => Words.Text($"message {i} of 200"))] },
        ]),
        new("7.2.2", "(what is not DEFLATE cannot be decompressed: RFC 6455 §7.4.1 has 1007 for it)",
            Bad("a block of the type 3, which does not exist", "06"),
            Bad("a stored block whose length and its complement disagree", "00 05 00 FF FF 48"),
            Bad("a reference to before the first byte", "02 02 00 00"),
            Bad("a dynamic block with too many codes of lengths", "FC FF FF FF"),
            Bad("a dynamic block whose code lengths repeat nothing", "04 00 80 44 92 24 49 92 24 49 92 24 49 92 24 49 92 24 49 92"),
            Compression.Receives("a block of the type 3 at the first byte of 1,001", Compression.Binary([0x06, .. new byte[1000]]).Cut(1)) with { Fails = CloseCode.InvalidFramePayloadData },
            Bad("a bad block behind a good one", "F2 48 CD C9 C9 07 00 00 00 FF FF 06"),
            Compression.Receives("a bad block in a message behind a good one", Compression.Text(Hello), Compression.Text([0x06])) with { Sees = ["text 'Hello'"], Fails = CloseCode.InvalidFramePayloadData },
            Compression.Receives("a compressed message of no bytes at all", Compression.Text([])) with { Fails = CloseCode.InvalidFramePayloadData },
            Compression.Receives("a compressed message of empty fragments", Compression.Text([]).More, PeerFrame.Continuation().More, PeerFrame.Continuation()) with { Fails = CloseCode.InvalidFramePayloadData },
            new Receiving("a message that refers to one before, where server_no_context_takeover was agreed on", [.. Takeover()])
                { Roles = [WebSocketRole.Client], Setup = Compression.Accepted("; server_no_context_takeover"), Sees = ["text 'Hello'", "text 'plain'", "binary 01"], Hears = ["pong 01"], Fails = CloseCode.InvalidFramePayloadData }),
        new("7.2.2", "(text is judged as RFC 6455 §8.1 has it, behind the decompression)",
        [
            .. Utf8.Invalid.Select(invalid => Compression.Receives($"compressed text that holds {invalid.Name}", Compression.Text(Compression.Stored([(byte)'a', .. invalid.Bytes, .. "rest"u8])).Cut(6 + invalid.Bytes.Length))
                with { Fails = CloseCode.InvalidFramePayloadData }),
            .. Utf8.Unfinished.Select(bytes => Compression.Receives($"compressed text that ends within a character, at {Convert.ToHexString(bytes)}", Compression.Text(PeerDeflate.Of([(byte)'a', .. bytes])))
                with { Fails = CloseCode.InvalidFramePayloadData }),
            .. Utf8.Valid.Select(text => Compression.Receives($"compressed text: {string.Join(" ", text.EnumerateRunes().Select(rune => $"U+{rune.Value:X4}"))}", Compression.Text(PeerDeflate.Of(Encoding.UTF8.GetBytes(text)))) with { Sees = [Words.Text(text)] }),
        ]),
        new("7.2.3", "(the RFC's examples)",
            Example("7.2.3.1, one block", "F2 48 CD C9 C9 07 00", "Hello"),
            Compression.Receives("7.2.3.1, in two fragments", Compression.Text(Compression.Hex("F2 48 CD")).More, PeerFrame.Continuation(Compression.Hex("C9 C9 07 00"))) with { Sees = ["text 'Hello'"] },
            Compression.Receives("7.2.3.2, sharing the window", Compression.Text(Compression.Hex("F2 48 CD C9 C9 07 00")), Compression.Text(Compression.Hex("F2 00 11 00 00"))) with { Sees = ["text 'Hello'", "text 'Hello'"] },
            Example("7.2.3.3, a block without compression", "00 05 00 FA FF 48 65 6C 6C 6F 00", "Hello"),
            Example("7.2.3.4, a block that is final", "F3 48 CD C9 C9 07 00 00", "Hello"),
            Compression.Receives("7.2.3.4, twice, and another message behind it", Compression.Text(Compression.Hex("F3 48 CD C9 C9 07 00 00")), Compression.Text(Compression.Hex("F3 48 CD C9 C9 07 00 00")), Compression.Text(Hello))
                with { Sees = ["text 'Hello'", "text 'Hello'", "text 'Hello'"] },
            Example("7.2.3.5, two blocks", "F2 48 05 00 00 00 FF FF CA C9 C9 07 00", "Hello"),
            Example("7.2.3.6, an empty message", "00", ""),
            Example("an empty message as some write it, a fixed block", "02 00", ""),
            Finished(1000), Finished(200_000)),

        new("10.4", "(RFC 6455: implementations MUST protect themselves against exceeding their limits. A message is as large as it is once it is decompressed)",
            Limited("1,000 bytes where MaxMessageSize is 1,000", 1000, fails: false),
            Limited("1,001 bytes where MaxMessageSize is 1,000", 1001, fails: true),
            new Large("64 MiB that come in 64 KiB, with the default limits", "fails with 1009 before 64 MiB are made", () =>
                Compression.Receives("", Compression.Binary(new PeerDeflate(level: CompressionLevel.SmallestSize).Compress(new byte[64 << 20]))) with { Fails = CloseCode.MessageTooBig, Says = "MaxExpansion" })
                { Roles = [WebSocketRole.Client], Chunks = [64 * 1024] },
            new Dialogue("1 GiB that comes in 1 MiB, where the guard of the ratio is turned off", "fails with 1009, at 64 MiB", async talk =>
            {
                await talk.Peer.SayAsync(new PeerFrame(0x2, Bomb()) { Reserved = 4 });
                await talk.HearAsync("close 1009");
                talk.Peer.Finish();
                var error = Assert.IsType<FrameTooBigException>((await talk.Session.Completion.Soon()).Error);
                Assert.Equal(64 << 20, error.Limit);
                Assert.InRange(error.Size, (64 << 20) + 1, (64 << 20) + (64 << 10));
            }) { Roles = [WebSocketRole.Client], Chunks = [64 * 1024], Setup = Compression.Accepted("", deflate => deflate.MaxExpansion = 2000) }),
    ];

    private static (int Opcode, bool Fin, int Reserved) Bits(HeardFrame? frame) => (frame!.Opcode, frame.Fin, frame.Reserved);

    private static Receiving Broken(string what, params PeerFrame[] sent) => Compression.Receives(what, sent) with { Fails = CloseCode.ProtocolError };

    private static Receiving Bad(string what, string hex) => Compression.Receives(what, PeerFrame.Compressed(0x2, Compression.Hex(hex))) with { Fails = CloseCode.InvalidFramePayloadData };

    private static Receiving Example(string what, string hex, string text) => Compression.Receives(what, Compression.Text(Compression.Hex(hex))) with { Sees = [Words.Text(text)] };

    private static Receiving Finished(int size)
    {
        string text = Compression.Json(size);
        byte[] payload = Compression.Finished(Encoding.ASCII.GetBytes(text), CompressionLevel.Optimal);
        return Compression.Receives($"text of {size} bytes, twice, whose last block is final", Compression.Text(payload), Compression.Text(payload)) with { Sees = [Words.Text(text), Words.Text(text)] };
    }

    private static IEnumerable<PeerFrame> Takeover()
    {
        var peer = new PeerDeflate();
        yield return Compression.Text(peer.Compress("Hello"u8));
        yield return PeerFrame.Text("plain");
        yield return PeerFrame.Ping(1);
        yield return PeerFrame.Binary(1);
        yield return Compression.Text(peer.Compress("Hello"u8));
    }

    private static PeerFrame[] Many()
    {
        var peer = new PeerDeflate();
        return [.. Enumerable.Range(0, 200).Select(i => Compression.Text(peer.Compress(Encoding.ASCII.GetBytes($"message {i} of 200"))))];
    }

    private static Receiving Matrix(bool takesOver, int bits)
    {
        var peer = new PeerDeflate(takesOver, bits);
        PeerFrame[] frames = [.. Sizes.Concat(Sizes).Select(size => Compression.Text(peer.Compress(Encoding.ASCII.GetBytes(Compression.Json(size)))))];
        return Compression.Receives($"text of {Sizes.Length} sizes, twice, with a window of {bits} bits{(takesOver ? "" : ", each by itself")}", frames) with
        {
            Sees = [.. Sizes.Concat(Sizes).Select(size => Words.Text(Compression.Json(size)))],
            Setup = Compression.Accepted($"{(takesOver ? "" : "; server_no_context_takeover")}; server_max_window_bits={bits}"),
            Chunks = [7, 64 * 1024],
        };
    }

    private static Dialogue Sends(string what, string parameters, bool takesOver, Action<PerMessageDeflateOptions>? configure = null, int windowBits = 15) =>
        new(what, "what another codec expands to the same", async talk =>
        {
            var payloads = new List<byte[]>();
            int[] sizes = [.. Sizes, .. Sizes];
            foreach (int size in sizes)
            {
                await talk.Session.SendAsync(Compression.Json(size));
                HeardFrame frame = (await talk.Peer.HearAsync())!;
                Assert.Equal((0x1, true, 4), Bits(frame));
                payloads.Add(frame.Payload);
            }

            Assert.Equal([0x00], payloads[0]); // §7.2.3.6
            Assert.Equal(sizes.Select(Compression.Json), PeerDeflate.ExpandAll(payloads, takesOver).Select(Encoding.ASCII.GetString));
            if (windowBits < 15)
            {
                var furthest = new ReferenceInflate();
                foreach (byte[] payload in payloads.Take(7)) // up to 1,000 bytes: it is slow
                    furthest.Message(payload);
                Assert.InRange(furthest.FurthestDistance, 1, 1 << windowBits);
            }
        })
        { Roles = [WebSocketRole.Client], Setup = Compression.Accepted(parameters, configure), Chunks = [64 * 1024] };

    private static Receiving Limited(string what, int size, bool fails) =>
        Compression.Receives(what, Compression.Text(PeerDeflate.Of(Framing.Letters(size)))) with
        {
            Setup = Compression.Accepted("", null, ws => ws.MaxMessageSize = 1000),
            Sees = fails ? [] : [Words.Text(Framing.Letters(size))],
            Fails = fails ? CloseCode.MessageTooBig : null,
            Says = fails ? "MaxMessageSize allows 1000" : "",
        };

    // 1,032 to 1: every block refers back as far and as long as it can.
    private static byte[] Bomb()
    {
        var bytes = new MemoryStream();
        var codec = new DeflateStream(bytes, CompressionLevel.Optimal, leaveOpen: true);
        byte[] zeros = new byte[1 << 20];
        for (int i = 0; i < 1024; i++)
            codec.Write(zeros);
        codec.Flush();
        return bytes.ToArray()[..^4];
    }
}
