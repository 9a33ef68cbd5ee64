using System.Text;

namespace Duplex.Tests;

/// <summary>RFC 6455 §5.6 and §8.1: text is UTF-8.</summary>
internal static class Utf8
{
    /// <summary>Valid text of every class: each length, and both ends of each range of RFC 3629 §4.</summary>
    public static readonly string[] Valid =
    [
        "\0", "\u007F", "\u0080", "\u07FF", "\u0800", "\u0FFF", "\u1000", "\uCFFF", "\uD7FF", "\uE000", "\uFEFF", "\uFFFD", "\uFFFE", "\uFFFF", "\U00010000", "\U0003FFFF", "\U00040000", "\U000FFFFF",
        "\U00100000", "\U0010FFFF", "a\u00E9\u20AC\U0001F30Db", "\u03BA\u1F79\u03C3\u03BC\u03B5",
    ];

    /// <summary>What no text holds: its bytes up to the one that shows it.</summary>
    public static readonly (string Name, byte[] Bytes)[] Invalid =
    [
        ("a lone continuation byte 80", [0x80]), ("a lone continuation byte BF", [0xBF]), ("two continuation bytes behind a character", [0xC2, 0x80, 0x80]),
        ("the byte C0", [0xC0]), ("the byte C1", [0xC1]), ("the byte F5", [0xF5]), ("the byte F8", [0xF8]), ("the byte FC", [0xFC]), ("the byte FE", [0xFE]), ("the byte FF", [0xFF]),
        ("a letter within a character of two bytes", [0xC2, 0x41]), ("a letter within one of three", [0xE2, 0x82, 0x41]), ("a letter within one of four", [0xF0, 0x9F, 0x8C, 0x41]),
        ("a new character within one of two bytes", [0xC3, 0xC3]), ("a new character within one of three", [0xE2, 0x82, 0xE2]), ("a new character within one of four", [0xF0, 0x9F, 0xF0]),
        ("an overlong form of three bytes", [0xE0, 0x80]), ("the longest overlong form of three bytes", [0xE0, 0x9F]), ("an overlong form of four bytes", [0xF0, 0x80]),
        ("the longest overlong form of four bytes", [0xF0, 0x8F]),
        ("the first surrogate, D800", [0xED, 0xA0]), ("the last surrogate, DFFF", [0xED, 0xBF]), ("a pair of surrogates, each as a character", [0xED, 0xA1]),
        ("a character above 10FFFF", [0xF4, 0x90]), ("the largest that four bytes could code", [0xF4, 0xBF]),
    ];

    /// <summary>Characters that are not all there.</summary>
    public static readonly byte[][] Unfinished = [[0xC2], [0xE2], [0xE2, 0x82], [0xF0], [0xF0, 0x9F], [0xF0, 0x9F, 0x8C], [0xED, 0x9F], [0xF4, 0x8F, 0xBF]];

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("5.6", "Note that a particular text frame might include a partial UTF-8 sequence; however, the whole message MUST contain valid UTF-8.",
        [
            .. Valid.Select(text => new Receiving($"{Code(text)}, whole", PeerFrame.Text(text)) { Sees = [Words.Text(text)] }),
            .. Valid.Where(text => Encoding.UTF8.GetByteCount(text) > 1).Select(text =>
                new Receiving($"{Code(text)} in two fragments, cut at each byte, and in one for each byte", [.. EachCut(Encoding.UTF8.GetBytes(text))])
                    { Sees = [.. Enumerable.Repeat(Words.Text(text), Encoding.UTF8.GetByteCount(text))] }),
            .. Unfinished.Select(bytes => new Receiving($"text that ends within a character, at {Convert.ToHexString(bytes)}", PeerFrame.Text([(byte)'a', .. bytes])) { Fails = CloseCode.InvalidFramePayloadData }),
            .. Unfinished.Select(bytes => new Receiving($"text whose last fragment, an empty one, comes within a character, at {Convert.ToHexString(bytes)}", PeerFrame.Text([(byte)'a', .. bytes]).More, PeerFrame.Continuation())
                { Fails = CloseCode.InvalidFramePayloadData }),
            .. Unfinished.Select(bytes => new Receiving($"a binary message that is no text: {Convert.ToHexString(bytes)}", PeerFrame.Binary(bytes)) { Sees = [Words.Binary(bytes)] }),
        ]),
        new("5.6", "The \"Payload data\" is text data encoded as UTF-8.",
            new Dialogue("we are told to send text that is not UTF-8, whole and at the end of fragments", "an ArgumentException, nothing of it on the wire, and the session goes on", async talk =>
            {
                foreach ((_, byte[] bytes) in Invalid)
                    await Assert.ThrowsAsync<ArgumentException>(() => talk.Session.SendTextAsync(bytes).Soon());
                await talk.Session.SendAsync(new Frame.Text(fin: false, new byte[] { 0xC3 }));
                await Assert.ThrowsAsync<ArgumentException>(() => talk.Session.SendAsync(new Frame.Text(fin: true, new byte[] { 0x41 })).Soon());
                await talk.Session.SendAsync(new Frame.Text(fin: true, new byte[] { 0xA9 }));
                await talk.Session.SendAsync("\u00E9");
                string cut = await talk.HearAsync();
                Assert.EndsWith(" ...", cut, StringComparison.Ordinal);
                await talk.HearAsync("continuation A9", "text '\u00E9'");
            }) { Chunks = [64 * 1024] }),

        new("8.1", "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_.",
        [
            .. Invalid.Select(invalid => Bad($"{invalid.Name} at the start", PeerFrame.Text([.. invalid.Bytes, .. "rest"u8]).Cut(invalid.Bytes.Length))),
            .. Invalid.Select(invalid => Bad($"{invalid.Name} behind 200 letters of a text of 1,000 bytes", PeerFrame.Text([.. Framing.Letters(200), .. invalid.Bytes, .. new byte[798]]).Cut(200 + invalid.Bytes.Length))),
            .. from invalid in Invalid
               from at in Enumerable.Range(0, invalid.Bytes.Length)
               select Bad($"{invalid.Name}, with the fragments cut before byte {at + 1} of it", PeerFrame.Text([(byte)'a', .. invalid.Bytes[..at]]).More, PeerFrame.Continuation([.. invalid.Bytes[at..], .. "rest"u8]).More.Cut(invalid.Bytes.Length - at)),
            Bad("bad text in the second message", PeerFrame.Text("good"), PeerFrame.Text([0xFF, 0x61]).Cut(1)) with { Sees = ["text 'good'"] },
            Bad("bad text in a frame of 64 MiB", (PeerFrame.Text([0x61, 0xFF]) with { Declared = 64 << 20 }).Cut(2)),
            Bad("bad text behind a ping within the message", PeerFrame.Text("a").More, PeerFrame.Ping(1), PeerFrame.Continuation(0xFF, 0x61).Cut(1)) with { Hears = ["pong 01"] },
            Bad("bad text at the end of 1 MiB", PeerFrame.Text([.. Framing.Letters((1 << 20) - 1), 0x80])) with { Chunks = [64 * 1024] },
        ]),
    ];

    private static IEnumerable<PeerFrame> EachCut(byte[] text)
    {
        for (int at = 1; at < text.Length; at++)
        {
            yield return PeerFrame.Text(text[..at]).More;
            yield return PeerFrame.Continuation(text[at..]);
        }

        foreach (PeerFrame frame in PeerFrame.Cut(0x1, text, 1))
            yield return frame;
    }

    private static Receiving Bad(string what, params PeerFrame[] sent) => new(what, sent) { Fails = CloseCode.InvalidFramePayloadData };

    private static string Code(string text) => string.Join(" ", text.EnumerateRunes().Select(rune => $"U+{rune.Value:X4}"));
}
