namespace Duplex.Tests;

/// <summary>A server's answer to a handshake's request, as text.</summary>
internal static class Answer
{
    /// <summary>What stands for the proper accept value in an answer.</summary>
    public const string Accept = "{accept}";

    public const string Status = "HTTP/1.1 101 Switching Protocols\r\n";
    public const string Upgrade = "Upgrade: websocket\r\n";
    public const string Connection = "Connection: Upgrade\r\n";
    public const string AcceptLine = $"Sec-WebSocket-Accept: {Accept}\r\n";

    /// <summary>The proper one, without its blank line.</summary>
    public const string Proper = Status + Upgrade + Connection + AcceptLine;

    /// <summary>The status of an answer that refuses the handshake; null for another one.</summary>
    public static int? Refusal(string answer) =>
        answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && answer.Contains("\r\n\r\n", StringComparison.Ordinal) && int.Parse(answer.AsSpan(9, 3), null) is var status and >= 200 ? status : null;

    /// <summary>The header lines of a head.</summary>
    public static string Lines(string head) => head.Contains("\r\n", StringComparison.Ordinal) ? head[(head.IndexOf("\r\n", StringComparison.Ordinal) + 2)..] : "";

    /// <summary>The proper one, with more lines.</summary>
    public static string To(string request, string lines = "") => Fill(request, $"{Proper}{lines}\r\n");

    /// <summary>A text, with the accept value that proves that the request was understood.</summary>
    public static string Fill(string request, string answer) => answer.Replace(Accept, HandshakeKey.ComputeAccept(Header(request, "Sec-WebSocket-Key").Single()), StringComparison.Ordinal);

    /// <summary>The values of a header, one for each line.</summary>
    public static string[] Header(string head, string name) =>
    [
        .. head.Split("\r\n").Skip(1).Select(line => line.Split(':', 2)).Where(parts => parts.Length == 2 && parts[0].Equals(name, StringComparison.OrdinalIgnoreCase)).Select(parts => parts[1].Trim()),
    ];
}
