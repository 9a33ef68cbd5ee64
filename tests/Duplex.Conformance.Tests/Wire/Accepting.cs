using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Duplex.Tests;

/// <summary>The parts of a request for a WebSocket.</summary>
internal sealed record Requested
{
    public string Method { get; init; } = "GET";

    public string Version { get; init; } = "1.1";

    public string[] Host { get; init; } = ["server.example"];

    public string[] Upgrade { get; init; } = ["websocket"];

    public string[] Connection { get; init; } = ["Upgrade"];

    public string[] Key { get; init; } = ["dGhlIHNhbXBsZSBub25jZQ=="];

    public string[] SocketVersion { get; init; } = ["13"];

    public override string ToString()
    {
        var text = new StringBuilder($"{Method} /case HTTP/{Version}\r\n");
        foreach ((string name, string[] values) in (ReadOnlySpan<(string, string[])>)[("Host", Host), ("Upgrade", Upgrade), ("Connection", Connection), ("Sec-WebSocket-Key", Key), ("Sec-WebSocket-Version", SocketVersion)])
        {
            foreach (string value in values)
                text.Append($"{name}: {value}\r\n");
        }

        return text.Append("\r\n").ToString();
    }
}

/// <summary>A case in which a client asks for a WebSocket, and a server judges it by <see cref="UpgradeRequest"/> and goes on as a session over the stream.</summary>
/// <param name="What">What is asked.</param>
/// <param name="Request">The request.</param>
/// <param name="Fails">Which check fails; null if the session opens.</param>
internal sealed record Accepting(string What, Requested Request, HandshakeCheck? Fails) : ConformanceCase(What, WebSocketRole.Server)
{
    /// <summary>The accept value; null for any.</summary>
    public string? Accept { get; init; }

    public override string Outcome => Fails is { } check ? $"refused ({check})" : Accept is null ? "accepted" : $"accepted with {Accept}";

    public override async Task RunAsync(WebSocketRole role, int chunk, Transport transport)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Task serving = ServeAsync(listener);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(listener.LocalEndPoint!).Soon();
        using var peer = new WirePeer(new SocketConnection(socket), chunk) { SessionRole = WebSocketRole.Server };
        await peer.WriteAsync(Request.ToString());

        string head = await peer.HearHeadAsync();
        if (Fails is { } check)
        {
            Assert.StartsWith(check == HandshakeCheck.Version ? "HTTP/1.1 426 " : "HTTP/1.1 400 ", head, StringComparison.Ordinal);
            Assert.Equal(check.ToString(), Answer.Header(head, "X-Check").Single());
        }
        else
        {
            Assert.Equal(Accept ?? Answer.Header(Answer.To(Request.ToString()), "Sec-WebSocket-Accept").Single(), Answer.Header(head, "Sec-WebSocket-Accept").Single());
            await peer.SayAsync(PeerFrame.Text("hi"));
            Assert.Equal("text 'hi'", (await peer.HearAsync())?.ToString());
            await peer.SayAsync(PeerFrame.Close(1000));
            Assert.Equal("close 1000", (await peer.HearAsync())?.ToString());
        }

        await serving.Soon();
    }

    // As small as a server can be: one request, one answer, and one echo.
    private static async Task ServeAsync(Socket listener)
    {
        await using var stream = new NetworkStream(await listener.AcceptAsync().Soon(), ownsSocket: true);
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one).Soon() > 0)
            head.Append((char)one[0]);
        string text = head.ToString();
        string[] line = text.Split("\r\n")[0].Split(' ');
        var request = new UpgradeRequest
        {
            Method = line[0],
            HttpVersion = Version.Parse(line[2]["HTTP/".Length..]),
            Host = Answer.Header(text, "Host"),
            Upgrade = Answer.Header(text, "Upgrade"),
            Connection = Answer.Header(text, "Connection"),
            SecWebSocketKey = Answer.Header(text, "Sec-WebSocket-Key"),
            SecWebSocketVersion = Answer.Header(text, "Sec-WebSocket-Version"),
        };
        if (!request.TryAccept(out string? accept, out HandshakeFailure? failure))
        {
            string status = failure.Check == HandshakeCheck.Version ? $"426 Upgrade Required\r\nSec-WebSocket-Version: {UpgradeRequest.ProtocolVersion}" : "400 Bad Request";
            await stream.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\nX-Check: {failure.Check}\r\nContent-Length: 0\r\n\r\n"));
            return;
        }

        await stream.WriteAsync(Encoding.Latin1.GetBytes($"{Answer.Status}{Answer.Upgrade}{Answer.Connection}Sec-WebSocket-Accept: {accept}\r\n\r\n"));
        await using DefaultWebSocketSession session = WebSocketSessions.Create(stream, WebSocketRole.Server, SessionSetup.Plain.Configure);
        await foreach (Frame frame in session.Incoming)
            await session.SendAsync(frame);
    }
}
