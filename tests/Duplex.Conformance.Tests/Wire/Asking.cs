using System.Net;
using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>A case about what a client's handshake asks.</summary>
/// <param name="What">What our user does.</param>
/// <param name="Then">What the request must hold.</param>
/// <param name="Check">Checks its head.</param>
internal sealed record Asking(string What, string Then, Action<string> Check) : ConformanceCase(What, WebSocketRole.Client)
{
    public string Path { get; init; } = "/case";

    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    public SessionSetup Setup { get; init; } = SessionSetup.Plain;

    /// <summary>How often it is asked.</summary>
    public int Times { get; init; } = 1;

    /// <summary>Checks all heads together.</summary>
    public Action<List<string>> AllOf { get; init; } = _ => { };

    /// <summary>Whether nothing may come behind the head before the answer.</summary>
    public bool ChecksSilence { get; init; }

    public override string Outcome => Then;

    public override async Task RunAsync(WebSocketRole role, int chunk)
    {
        var heads = new List<string>();
        for (int i = 0; i < Times; i++)
        {
            await using Handshake handshake = await Handshake.AskAsync(Path, Subprotocols, Setup, chunk);
            Check(handshake.Head);
            heads.Add(handshake.Head);
            if (ChecksSilence)
                Assert.Equal(0, handshake.Peer.Available);
            await handshake.Peer.WriteAsync(Answer.To(handshake.Head));
            await using DefaultClientWebSocketSession session = await handshake.Opening.Soon();
            session.Abort();
        }

        AllOf(heads);
    }
}

/// <summary>A case about what a client makes of a handshake's answer.</summary>
/// <param name="What">What the server answers.</param>
/// <param name="Then">What must come of it.</param>
/// <param name="Text">The answer, with <see cref="Answer.Accept"/> where the accept value belongs.</param>
internal sealed record Opening(string What, string Then, string Text) : ConformanceCase(What, WebSocketRole.Client)
{
    public string Path { get; init; } = "/case";

    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    public IReadOnlyList<string> Sees { get; init; } = [];

    public SessionSetup Setup { get; init; } = SessionSetup.Plain;

    /// <summary>Checks the session once it is open.</summary>
    public Action<WebSocketSession> Check { get; init; } = _ => { };

    /// <summary>Which check fails; null if the session opens.</summary>
    public HandshakeCheck? Fails { get; init; }

    /// <summary>What the error says.</summary>
    public string Says { get; init; } = "";

    /// <summary>What our user's mistake throws, before there is any connection.</summary>
    public Type? Throws { get; init; }

    /// <summary>Whether the message that shows that the session is open passes the extensions by.</summary>
    public bool SendsPlain { get; init; }

    /// <summary>How many characters of the answer's body the error holds.</summary>
    public int? Preview { get; init; }

    /// <summary>Whether the server ends the connection behind the answer; otherwise nothing follows it, and the client must not wait for more.</summary>
    public bool Finishes { get; init; }

    public override string Outcome => Then;

    public override async Task RunAsync(WebSocketRole role, int chunk)
    {
        if (Throws is { } type)
        {
            await Handshake.RefusedAsync(Path, Subprotocols, type);
            return;
        }

        await using Handshake handshake = await Handshake.AskAsync(Path, Subprotocols, Setup, chunk);
        await handshake.Peer.WriteAsync(Answer.Fill(handshake.Head, Text));
        if (Finishes)
            handshake.Peer.Finish();
        if (Fails is { } check)
        {
            var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => handshake.Opening.Soon());
            Assert.Equal(check, error.Check);
            Assert.Contains(Says, error.Message, StringComparison.Ordinal);
            if (Preview is { } length)
                Assert.Equal(length, error.BodyPreview?.Length);

            // RFC 6455 §7.1.7: to fail the connection "the client MUST _Close the WebSocket Connection_". One that a proper answer of another status has left is the HTTP client's to keep.
            if (check == HandshakeCheck.Status)
                handshake.Client.Dispose();
            Assert.Null(await handshake.Peer.HearAsync());
            return;
        }

        await using DefaultClientWebSocketSession session = await handshake.Opening.Soon();
        Check(session);
        foreach (string words in Sees)
            Assert.Equal(words, Words.Of(await session.Incoming.ReadAsync().Soon()));
        await session.SendAsync("open", SendsPlain ? SendOptions.Untransformed : default, default);
        Assert.Equal("text 'open'", (await handshake.Peer.HearAsync())?.ToString());
        session.Abort();
    }
}

/// <summary>A client's handshake with a scripted server, which has read the request.</summary>
internal sealed class Handshake(HttpClient client, SocketPeer peer, string head, Task<DefaultClientWebSocketSession> opening) : IAsyncDisposable
{
    public HttpClient Client => client;

    public SocketPeer Peer => peer;

    /// <summary>The request, to its blank line.</summary>
    public string Head => head;

    public Task<DefaultClientWebSocketSession> Opening => opening;

    public static async Task<Handshake> AskAsync(string path, IReadOnlyList<string> subprotocols, SessionSetup setup, int chunk)
    {
        using Socket listener = Listen();
        var client = new HttpClient(new WebSocketsHandler(setup.Configure));
        Task<DefaultClientWebSocketSession> opening = OpenAsync(client, listener, path, subprotocols);
        Socket socket = await listener.AcceptAsync().Soon();
        socket.NoDelay = true;
        var peer = new SocketPeer(socket, chunk) { SessionRole = WebSocketRole.Client };
        return new Handshake(client, peer, await peer.HearHeadAsync(), opening);
    }

    /// <summary>Checks that a mistake of our user's fails before anybody is connected to.</summary>
    public static async Task RefusedAsync(string path, IReadOnlyList<string> subprotocols, Type type)
    {
        using Socket listener = Listen();
        using var client = new HttpClient(new WebSocketsHandler(SessionSetup.Plain.Configure));
        Exception error = (await Record.ExceptionAsync(() => OpenAsync(client, listener, path, subprotocols).Soon()))!;
        Assert.IsType(type, error);
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
    }

    public async ValueTask DisposeAsync()
    {
        peer.Dispose();
        client.Dispose();
        await Task.WhenAny(opening).Soon();
        _ = opening.Exception;
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static async Task<DefaultClientWebSocketSession> OpenAsync(HttpClient client, Socket listener, string path, IReadOnlyList<string> subprotocols) =>
        await client.WebSocketSessionAsync(new Uri($"ws://{listener.LocalEndPoint}{path}"), request =>
        {
            foreach (string name in subprotocols)
                request.Subprotocols.Add(name);
        });
}
