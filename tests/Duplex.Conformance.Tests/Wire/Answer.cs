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

    /// <summary>The proper one, with more lines.</summary>
    public static string To(string request, string lines = "") => Fill(request, $"{Status}{Upgrade}{Connection}{AcceptLine}{lines}\r\n");

    /// <summary>A text, with the accept value that proves that the request was understood.</summary>
    public static string Fill(string request, string answer) => answer.Replace(Accept, HandshakeKey.ComputeAccept(Header(request, "Sec-WebSocket-Key").Single()), StringComparison.Ordinal);

    /// <summary>The values of a header, one for each line.</summary>
    public static string[] Header(string head, string name) =>
    [
        .. head.Split("\r\n").Skip(1).Select(line => line.Split(':', 2)).Where(parts => parts.Length == 2 && parts[0].Equals(name, StringComparison.OrdinalIgnoreCase)).Select(parts => parts[1].Trim()),
    ];
}
