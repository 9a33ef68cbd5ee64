using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

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

    /// <summary>Whether it is about what only a request of HTTP/1.1 has.</summary>
    public bool IsAboutUpgrade { get; init; }

    public override bool IsOverHttp2 => !IsAboutUpgrade && !ChecksSilence;

    public override async Task RunAsync(WebSocketRole role, int chunk, Transport transport)
    {
        var heads = new List<string>();
        for (int i = 0; i < Times; i++)
        {
            await using Handshake handshake = await Handshake.AskAsync(Path, Subprotocols, Setup, chunk, transport);
            Check(handshake.Head);
            heads.Add(handshake.Head);
            if (ChecksSilence)
                Assert.Equal(0, handshake.Peer!.Available);
            await handshake.AnswerAsync(Answer.Proper + "\r\n");
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
internal sealed partial record Opening(string What, string Then, string Text) : ConformanceCase(What, WebSocketRole.Client)
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

    /// <summary>Whether it is about what only an answer of HTTP/1.1 has, or about no answer at all.</summary>
    public bool IsAboutUpgrade { get; init; }

    // Kestrel sends no header without a value.
    public override bool IsOverHttp2 => !IsAboutUpgrade && Throws is null && !EmptyHeader().IsMatch(Text) && (Status is not (null or 200) || Text.StartsWith(Answer.Proper, StringComparison.Ordinal));

    // Of an answer that HTTP/2 can say as well: its status, if it opens nothing.
    private int? Status => Answer.Refusal(Text);

    public override async Task RunAsync(WebSocketRole role, int chunk, Transport transport)
    {
        if (Throws is { } type)
        {
            await Handshake.RefusedAsync(Path, Subprotocols, type);
            return;
        }

        await using Handshake handshake = await Handshake.AskAsync(Path, Subprotocols, Setup, chunk, transport);
        await handshake.AnswerAsync(Text);
        if (Finishes)
            handshake.Peer!.Finish();
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
            if (handshake.Peer is not null) // over HTTP/2, a refused request has no stream of frames
                Assert.Null(await handshake.Peer.HearAsync());
            return;
        }

        await using DefaultClientWebSocketSession session = await handshake.Opening.Soon();
        Check(session);
        foreach (string words in Sees)
            Assert.Equal(words, Words.Of(await session.Incoming.ReadAsync().Soon()));
        await session.SendAsync("open", SendsPlain ? SendOptions.Untransformed : default, default);
        Assert.Equal("text 'open'", (await handshake.Peer!.HearAsync())?.ToString());
        session.Abort();
    }

    [GeneratedRegex(":[ \t]*\r\n")]
    private static partial Regex EmptyHeader();
}

/// <summary>A client's handshake with a scripted server, which has read the request.</summary>
internal sealed class Handshake(HttpClient client, string head, Task<DefaultClientWebSocketSession> opening) : IAsyncDisposable
{
    private Http2Listener? _listener;
    private Http2Exchange? _exchange;
    private int _chunk;

    public HttpClient Client => client;

    /// <summary>The server; over HTTP/2, once it has opened the stream.</summary>
    public WirePeer? Peer { get; private set; }

    /// <summary>The request, to its blank line.</summary>
    public string Head => head;

    public Task<DefaultClientWebSocketSession> Opening => opening;

    public static async Task<Handshake> AskAsync(string path, IReadOnlyList<string> subprotocols, SessionSetup setup, int chunk, Transport transport)
    {
        HttpClient client = Conversation.CreateClient(setup.Configure, transport);
        if (transport.IsHttp2())
        {
            Http2Listener requests = await Http2Listener.ListenAsync(transport.IsSecure());
            Task<DefaultClientWebSocketSession> asking = OpenAsync(client, new Uri(requests.Uri + path), subprotocols);
            Http2Exchange exchange = await requests.AcceptAsync();
            return new Handshake(client, exchange.Head, asking) { _listener = requests, _exchange = exchange, _chunk = chunk };
        }

        using Socket listener = Listen();
        Task<DefaultClientWebSocketSession> opening = OpenAsync(client, new Uri($"ws://{listener.LocalEndPoint}{path}"), subprotocols);
        Socket socket = await listener.AcceptAsync().Soon();
        socket.NoDelay = true;
        var peer = new WirePeer(new SocketConnection(socket), chunk) { SessionRole = WebSocketRole.Client };
        return new Handshake(client, await peer.HearHeadAsync(), opening) { Peer = peer };
    }

    /// <summary>Checks that a mistake of our user's fails before anybody is connected to.</summary>
    public static async Task RefusedAsync(string path, IReadOnlyList<string> subprotocols, Type type)
    {
        using Socket listener = Listen();
        using var client = new HttpClient(new WebSocketsHandler(SessionSetup.Plain.Configure));
        Exception error = (await Record.ExceptionAsync(() => OpenAsync(client, new Uri($"ws://{listener.LocalEndPoint}{path}"), subprotocols).Soon()))!;
        Assert.IsType(type, error);
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
    }

    /// <summary>Answers with a text of HTTP/1.1, or with what it means in HTTP/2.</summary>
    public async Task AnswerAsync(string text)
    {
        if (_exchange is null)
        {
            await Peer!.WriteAsync(Answer.Fill(head, text));
            return;
        }

        string[] parts = text.Split("\r\n\r\n", 2);
        if (Answer.Refusal(text) is { } status)
        {
            await _exchange.RefuseAsync(status, Answer.Lines(parts[0]), parts[1]);
            return;
        }

        Stream stream = await _exchange.OpenAsync(parts[0][Math.Min(Answer.Proper.Length, parts[0].Length)..]);
        Peer = new WirePeer(new Http2Connection(_listener!, _exchange, stream), _chunk) { SessionRole = WebSocketRole.Client };
        await Peer.WriteAsync(parts[1]);
    }

    public async ValueTask DisposeAsync()
    {
        Peer?.Dispose();
        _exchange?.Dispose();
        _listener?.Dispose();
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

    private static async Task<DefaultClientWebSocketSession> OpenAsync(HttpClient client, Uri uri, IReadOnlyList<string> subprotocols) =>
        await client.WebSocketSessionAsync(uri, request =>
        {
            foreach (string name in subprotocols)
                request.Subprotocols.Add(name);
        });
}
