using System.Text;

namespace Duplex.EndToEnd;

/// <summary>A client's request for a session, and the answer that opens it.</summary>
/// <param name="Asked">The URL, with the path and the query of the request.</param>
/// <param name="Answer">The response, with 101.</param>
internal sealed record Upgrade(Uri Asked, byte[] Answer)
{
    /// <summary>More than the longest request of our clients.</summary>
    public const int BufferSize = 4096;

    private const string KeyHeader = "Sec-WebSocket-Key: ";

    /// <summary>Returns null until the request's head is complete.</summary>
    public static Upgrade? TryParse(ReadOnlySpan<byte> head)
    {
        if (head.IndexOf("\r\n\r\n"u8) < 0)
            return null;
        string[] lines = Encoding.ASCII.GetString(head).Split("\r\n");
        string target = lines[0].Split(' ')[1];
        string keyLine = lines.First(line => line.StartsWith(KeyHeader, StringComparison.OrdinalIgnoreCase));
        bool compresses = target.StartsWith("/d", StringComparison.Ordinal);
        string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: {HandshakeKey.ComputeAccept(keyLine[KeyHeader.Length..])}\r\n"
            + (compresses ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "")
            + "\r\n";
        return new Upgrade(new Uri(new Uri("ws://loopback"), target), Encoding.ASCII.GetBytes(answer));
    }
}
