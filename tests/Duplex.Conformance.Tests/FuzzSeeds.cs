namespace Duplex.Tests;

/// <summary>Where the fuzzer begins (tests/Duplex.Fuzz/Seeds): what peers send in the cases.</summary>
internal static class FuzzSeeds
{
    // The fuzzer's inputs are short.
    private const int Longest = 390;

    /// <summary>The files, each with its lines.</summary>
    public static IReadOnlyDictionary<string, string> Files { get; } = new Dictionary<string, string>
    {
        ["frames.txt"] = Lines(Cases<Receiving>(Rfc6455.Book).SelectMany(one => one.Roles, (one, role) => (role, Bytes: PeerFrame.Encode([.. one.Sent, .. one.Behind], Peer(role))))
            .Where(sent => sent.Bytes.Length is > 0 and <= Longest).Select(sent => $"{(sent.role == WebSocketRole.Client ? "client" : "server")} {Convert.ToHexString(sent.Bytes)}")),
        ["inflate.txt"] = Lines(Cases<Receiving>(Rfc7692.Book).Select(Compressed).Where(messages => messages.Count > 0 && messages.Sum(payload => payload.Length + 1) <= Longest && messages.All(payload => payload.Length <= 255))
            .Select(messages => string.Join(" ", messages.Select(Convert.ToHexString)))),
        ["headers.txt"] = Lines(Cases<Opening>(Rfc6455.Book).Concat(Cases<Opening>(Rfc7692.Book))
            .SelectMany(one => (string[])["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Upgrade", "Connection"], (one, name) => string.Join(", ", Answer.Header(one.Text, name)))
            .Concat(Cases<Asking>(Rfc7692.Book).Select(one => one.Outcome)).Where(value => value.Length is > 0 and <= Longest && !value.Any(char.IsControl))),
    };

    private static IEnumerable<T> Cases<T>(RuleBook book) => book.Numbered().Select(numbered => numbered.Case).OfType<T>();

    // The payloads of its compressed messages, fragments joined.
    private static List<byte[]> Compressed(Receiving one)
    {
        var messages = new List<byte[]>();
        bool isOpen = false;
        foreach (PeerFrame frame in one.Sent.Where(frame => frame.Opcode < 0x8 && frame.HeaderBytes is null))
        {
            if (frame.Opcode != 0x0)
                isOpen = frame.Reserved == 4;
            if (!isOpen)
                continue;
            byte[] payload = frame.Payload[..(frame.PayloadBytes ?? frame.Payload.Length)];
            if (frame.Opcode == 0x0)
                messages[^1] = [.. messages[^1], .. payload];
            else
                messages.Add(payload);
        }

        return messages;
    }

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Distinct().Order(StringComparer.Ordinal).Select(line => line + "\n"));

    private static WebSocketRole Peer(WebSocketRole role) => role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client;
}
