namespace Duplex.Tests;

/// <summary>RFC 6455 §5.1 to §5.3: frames, their lengths and their masks.</summary>
internal static class Framing
{
    // Around every boundary of the coding of a length, and where a read of the buffer ends.
    private static readonly int[] Lengths = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65535, 65536];

    private static readonly PeerFrame[] EachKind =
        [PeerFrame.Text("a"), PeerFrame.Binary(1), PeerFrame.Ping(1), PeerFrame.Pong(1), PeerFrame.Close(1000)];

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("5.1", "a client MUST mask all frames that it sends to the server [...]. A server MUST NOT mask any frames that it sends to the client.",
            new Dialogue("we send text, bytes, fragments, a ping and a Close, and answer a ping", "all are masked by a client, none by a server", async talk =>
            {
                await talk.Session.SendAsync("a");
                await talk.Session.SendAsync(new byte[] { 1 });
                await talk.Session.SendAsync(new Frame.Text(fin: false, "b"u8.ToArray()));
                await talk.Session.SendAsync(new Frame.Text(fin: true, "c"u8.ToArray()));
                await talk.Session.SendAsync(new Frame.Ping(new byte[] { 2 }));
                await talk.HearAsync("text 'a'", "binary 01", "text 'b' ...", "continuation 63", "ping 02"); // each is judged as it comes
                await talk.Peer.SayAsync(PeerFrame.Ping(3));
                await talk.HearAsync("pong 03");
                Task closing = talk.Session.CloseAsync();
                await talk.HearAsync("close 1000");
                await talk.Peer.SayAsync(PeerFrame.Close(1000));
                talk.Peer.Finish();
                await closing.Soon();
            })),
        new("5.1", "The server MUST close the connection upon receiving a frame that is not masked.",
            [.. EachKind.Select(frame => new Receiving($"an unmasked {Name(frame.Opcode)} frame", (frame with { Masked = false }).Head(2)) { Roles = [WebSocketRole.Server], Fails = CloseCode.ProtocolError })]),
        new("5.1", "A client MUST close a connection if it detects a masked frame.",
            [.. EachKind.Select(frame => new Receiving($"a masked {Name(frame.Opcode)} frame", (frame with { Masked = true }).Head(2)) { Roles = [WebSocketRole.Client], Fails = CloseCode.ProtocolError })]),

        new("5.2", "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_.",
        [
            .. from reserved in Enumerable.Range(1, 7)
               from frame in EachKind
               select new Receiving($"{Bits(reserved)} on a {Name(frame.Opcode)} frame", (frame with { Reserved = reserved }).Head(1)) { Fails = CloseCode.ProtocolError },
            .. from reserved in Enumerable.Range(1, 7)
               select new Receiving($"{Bits(reserved)} on a continuation", PeerFrame.Text("a").More, (PeerFrame.Continuation("b") with { Reserved = reserved }).Head(1)) { Fails = CloseCode.ProtocolError },
            new Receiving("RSV2 on the message behind a good one", PeerFrame.Text("a"), PeerFrame.Ping(1), (PeerFrame.Text("b") with { Reserved = 2 }).Head(1))
                { Sees = ["text 'a'"], Hears = ["pong 01"], Fails = CloseCode.ProtocolError },
        ]),
        new("5.2", "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.",
        [
            .. from opcode in (int[])[0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF]
               from fin in (bool[])[true, false]
               select new Receiving($"opcode {opcode:X}{(fin ? "" : ", with more to follow")}", (new PeerFrame(opcode, [1, 2]) with { Fin = fin }).Head(1)) { Fails = CloseCode.ProtocolError },
            new Receiving("opcode 3 within a message", PeerFrame.Binary(1).More, new PeerFrame(0x3, [2]).Head(1)) { Fails = CloseCode.ProtocolError },
        ]),
        new("5.2", "The length of the \"Payload data\", in bytes: if 0-125, that is the payload length. If 126, the following 2 bytes interpreted as a 16-bit unsigned integer are the payload length. "
            + "If 127, the following 8 bytes interpreted as a 64-bit unsigned integer [...] are the payload length.",
        [
            .. Lengths.Select(length => new Receiving($"{length} bytes of text", PeerFrame.Text(Letters(length))) { Sees = [Words.Text(Letters(length))] }),
            .. Lengths.Select(length => new Receiving($"{length} bytes", PeerFrame.Binary(Pattern(length))) { Sees = [Words.Binary(Pattern(length))] }),
            new Receiving("256 bytes and 64 KiB, as in §5.7", PeerFrame.Binary(Pattern(256)), PeerFrame.Binary(Pattern(65536))) { Sees = [Words.Binary(Pattern(256)), Words.Binary(Pattern(65536))] },
            .. ((int[])[1 << 20, 16 << 20]).Select(length => Large.Message($"{length >> 20} MiB of text", 0x1, () => Letters(length), length)),
            .. ((int[])[1 << 20, 16 << 20, 64 << 20]).Select(length => Large.Message($"{length >> 20} MiB", 0x2, () => Pattern(length), length)),
        ]),
        new("5.2", "the most significant bit MUST be 0",
            [.. ((ulong[])[1UL << 63, (1UL << 63) + 1, ulong.MaxValue]).SelectMany(length => (PeerFrame[])[PeerFrame.Text("") with { Declared = length }, PeerFrame.Binary() with { Declared = length }],
                (length, frame) => new Receiving($"a {Name(frame.Opcode)} frame of {length:X} (hex) bytes", frame) { Fails = CloseCode.ProtocolError, Says = "most significant bit" })]),
        new("5.2", "in all cases, the minimal number of bytes MUST be used to encode the length, for example, the length of a 124-byte-long string can't be encoded as the sequence 126, 0, 124",
        [
            .. ((int[])[0, 1, 124, 125]).Select(length => Wasteful(length, 2)),
            .. ((int[])[0, 125, 126, 65535]).Select(length => Wasteful(length, 8)),
        ]),
        new("5.2", "the minimal number of bytes MUST be used to encode the length",
            new Dialogue("we send text and bytes of each length around a boundary", "each length takes the fewest bytes, and each payload is whole", async talk =>
            {
                foreach (int length in Lengths)
                {
                    await talk.Session.SendAsync(Pattern(length));
                    await talk.Session.SendTextAsync(Letters(length));
                    await talk.HearAsync(Words.Binary(Pattern(length)), Words.Text(Letters(length))); // each is judged as it comes
                }
            }) { Chunks = [64 * 1024] }),

        new("5.3", "the client MUST pick a fresh masking key from the set of allowed 32-bit values [...]; thus, the masking key MUST be derived from a strong source of entropy",
            new Dialogue("we send the same message 64 times", "64 different keys, no two of which differ by the same amount", async talk =>
            {
                var keys = new List<uint>();
                for (int i = 0; i < 64; i++)
                {
                    await talk.Session.SendAsync("same");
                    keys.Add((await talk.Peer.HearAsync())!.Key!.Value);
                }

                Assert.Equal(64, keys.Distinct().Count());
                Assert.Equal(63, keys.Zip(keys.Skip(1), (one, next) => next - one).Distinct().Count());
                Assert.DoesNotContain(0u, keys); // one in 67 million runs
            }) { Roles = [WebSocketRole.Client], Chunks = [64 * 1024] }),
        new("5.3", "Octet i of the transformed data [...] is the XOR of octet i of the original data [...] with octet at index i modulo 4 of the masking key",
        [
            .. ((uint[])[0, 0xFFFFFFFF, 0x00000001, 0x80000000, 0x01020304]).Select(key =>
                new Receiving($"messages of 0 to 20 and of 1,000 bytes under the key {key:X8}", [.. Each(key)])
                    { Roles = [WebSocketRole.Server], Sees = [.. Each(key).Select(frame => Words.Binary(frame.Payload))] }),
        ]),
    ];

    /// <summary>So many letters.</summary>
    public static byte[] Letters(int count)
    {
        byte[] letters = new byte[count];
        for (int i = 0; i < Math.Min(count, 26); i++)
            letters[i] = (byte)('a' + i);
        for (int filled = 26; filled < count; filled *= 2)
            letters.AsSpan(0, Math.Min(filled, count - filled)).CopyTo(letters.AsSpan(filled));
        return letters;
    }

    /// <summary>So many bytes, always the same.</summary>
    public static byte[] Pattern(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    public static string Name(int opcode) => opcode switch { 0x0 => "continuation", 0x1 => "text", 0x2 => "binary", 0x8 => "Close", 0x9 => "ping", _ => "pong" };

    public static string Bits(int reserved) => string.Join(" and ", ((int[])[1, 2, 3]).Where(bit => (reserved & (8 >> bit)) != 0).Select(bit => $"RSV{bit}"));

    private static IEnumerable<PeerFrame> Each(uint key) => Enumerable.Range(0, 21).Append(1000).Select(length => PeerFrame.Binary(Pattern(length)) with { Key = key });

    private static Receiving Wasteful(int length, int size) =>
        new($"a length of {length} in {size} bytes", (PeerFrame.Binary(new byte[length]) with { LengthSize = size }).Cut(0)) { Fails = CloseCode.ProtocolError, Says = "fewest bytes" };
}
