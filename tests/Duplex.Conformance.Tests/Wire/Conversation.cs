using System.Net;
using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>What a session does and its user sees while a scripted peer talks to it over a real connection.</summary>
internal sealed class Conversation : IAsyncDisposable
{
    private readonly HttpClient? _client;

    private Conversation(WebSocketSession session, WirePeer peer, HttpClient? client)
    {
        Session = session;
        Peer = peer;
        _client = client;
    }

    /// <summary>Whether the user reads, and sees views.</summary>
    public bool IsDirect { get; private set; }

    public WebSocketSession Session { get; }

    public DefaultWebSocketSession Default => (DefaultWebSocketSession)Session;

    public WirePeer Peer { get; }

    public WebSocketRole Role => Peer.SessionRole;

    /// <summary>Opens a session in a role: a client by the plugin, with its handshake over HTTP; a server over a stream, behind a handshake.</summary>
    public static async Task<Conversation> OpenAsync(WebSocketRole role, int chunk, SessionSetup setup, Transport transport)
    {
        Conversation talk = await ConnectAsync(role, chunk, setup, transport);
        talk.IsDirect = setup.ReceiveMode == ReceiveMode.Direct;
        return talk;
    }

    private static async Task<Conversation> ConnectAsync(WebSocketRole role, int chunk, SessionSetup setup, Transport transport)
    {
        if (transport.IsHttp2())
            return await ConnectOverHttp2Async(transport, chunk, setup);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var address = (IPEndPoint)listener.LocalEndPoint!;
        return role == WebSocketRole.Client ? await ConnectAsync(listener, address, chunk, setup) : await AcceptAsync(listener, address, chunk, setup);
    }

    /// <summary>The next frame that the peer hears, in words; "the end" at the end of the connection.</summary>
    public async Task<string> HearAsync() => (await Peer.HearAsync())?.ToString() ?? "the end";

    /// <summary>Checks what the peer hears next.</summary>
    public async Task HearAsync(params string[] expected)
    {
        foreach (string words in expected)
            Assert.Equal(words, await HearAsync());
    }

    /// <summary>Everything that the peer hears until the end of the connection. What it sends ends with our Close, but leaves the end of the connection to a server.</summary>
    public async Task<List<string>> HearAllAsync(bool finish)
    {
        var heard = new List<string>();
        while (await Peer.HearAsync() is { } frame)
        {
            heard.Add(frame.ToString());
            if (frame.Opcode == 0x8 && finish)
                Peer.Finish();
        }

        return heard;
    }

    /// <summary>Everything that the user sees, and how it ends: null for a normal end.</summary>
    public async Task<(List<string> Seen, Exception? Error)> SeeAllAsync()
    {
        var seen = new List<string>();
        try
        {
            if (IsDirect)
            {
                while (await Default.Messages.WaitToReadAsync())
                {
                    while (Default.Messages.TryRead(out MessageView message))
                        seen.Add(Words.Of(message.ToFrame()));
                }

                return (seen, null);
            }

            await foreach (Frame frame in Session.Incoming)
            {
                seen.Add(Words.Of(frame));
                frame.Recycle();
            }

            return (seen, null);
        }
        catch (WebSocketException e)
        {
            return (seen, e);
        }
    }

    /// <summary>The same, with an answer to each message as soon as it is seen. It waits for the first one when the call returns.</summary>
    public async Task<(List<string> Seen, Exception? Error)> AnswerAllAsync()
    {
        var seen = new List<string>();
        try
        {
            if (IsDirect)
            {
                while (await Default.Messages.WaitToReadAsync().ConfigureAwait(false))
                {
                    while (Default.Messages.TryRead(out MessageView message))
                    {
                        seen.Add(Words.Of(message.ToFrame()));
                        await Session.SendAsync($"answer {seen.Count}", SendOptions.Untransformed, CancellationToken.None).ConfigureAwait(false);
                    }
                }

                return (seen, null);
            }

            await foreach (Frame frame in Session.Incoming.ConfigureAwait(false))
            {
                seen.Add(frame.Type == FrameType.Ping ? Words.Ping(frame.Data.Span) : Words.Of(frame));
                frame.Recycle();
                await Session.SendAsync($"answer {seen.Count}", SendOptions.Untransformed, CancellationToken.None).ConfigureAwait(false);
            }

            return (seen, null);
        }
        catch (WebSocketException e)
        {
            return (seen, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Session.Abort();
        await Session.DisposeAsync().Soon();
        Peer.Dispose();
        _client?.Dispose();
    }

    /// <summary>A client with the plugin that asks for the transport's version of HTTP.</summary>
    public static HttpClient CreateClient(Action<WebSocketsOptions> configure, Transport transport) =>
        (transport.IsSecure() ? new HttpClient(new WebSocketsHandler(LoopbackCertificate.CreateHandler(), configure)) : new HttpClient(new WebSocketsHandler(configure))).For(transport);

    private static async Task<Conversation> ConnectAsync(Socket listener, IPEndPoint address, int chunk, SessionSetup setup)
    {
        HttpClient client = CreateClient(setup.Configure, Transport.Tcp);
        Task<WebSocketSession> opening = OpenSessionAsync(client, new Uri($"ws://{address}/case"), setup);
        Socket socket = await listener.AcceptAsync().Soon();
        socket.NoDelay = true;
        var peer = new WirePeer(new SocketConnection(socket), chunk) { SessionRole = WebSocketRole.Client, AllowedReserved = setup.Reserved };
        await peer.WriteAsync(Answer.To(await peer.HearHeadAsync(), setup.Answer));
        return new Conversation(await opening.Soon(), peer, client);
    }

    private static async Task<Conversation> ConnectOverHttp2Async(Transport transport, int chunk, SessionSetup setup)
    {
        Http2Listener listener = await Http2Listener.ListenAsync(transport.IsSecure());
        HttpClient client = CreateClient(setup.Configure, transport);
        Task<WebSocketSession> opening = OpenSessionAsync(client, new Uri(listener.Uri + "/case"), setup);
        Http2Exchange exchange = await listener.AcceptAsync();
        var peer = new WirePeer(new Http2Connection(listener, exchange, await exchange.OpenAsync(setup.Answer)), chunk)
        {
            SessionRole = WebSocketRole.Client,
            AllowedReserved = setup.Reserved,
        };
        return new Conversation(await opening.Soon(), peer, client);
    }

    private static async Task<WebSocketSession> OpenSessionAsync(HttpClient client, Uri uri, SessionSetup setup) => setup.IsRaw
        ? await client.WebSocketRawSessionAsync(uri)
        : await client.WebSocketSessionAsync(uri, request => request.ReceiveMode = setup.ReceiveMode);

    private static async Task<Conversation> AcceptAsync(Socket listener, IPEndPoint address, int chunk, SessionSetup setup)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Task<Socket> accepting = listener.AcceptAsync();
        await socket.ConnectAsync(address).Soon();
        var stream = new NetworkStream(await accepting.Soon(), ownsSocket: true);
        WebSocketSession session = setup.IsRaw
            ? WebSocketSessions.CreateRaw(stream, WebSocketRole.Server, setup.Configure)
            : WebSocketSessions.Create(stream, WebSocketRole.Server, setup.Configure, setup.ReceiveMode);
        return new Conversation(session, new WirePeer(new SocketConnection(socket), chunk) { SessionRole = WebSocketRole.Server }, client: null);
    }
}

/// <summary>How a session of a case is made.</summary>
internal sealed record SessionSetup
{
    public static readonly SessionSetup Plain = new();

    /// <summary>Sets options beside those of every case.</summary>
    public Action<WebSocketsOptions>? Options { get; init; }

    public bool IsRaw { get; init; }

    public ReceiveMode ReceiveMode { get; init; }

    /// <summary>Lines of the handshake's answer, for a client.</summary>
    public string Answer { get; init; } = "";

    /// <summary>The reserved bits that the answer gives to extensions.</summary>
    public int Reserved { get; init; }

    public void Configure(WebSocketsOptions options)
    {
        options.PingInterval = Timeout.InfiniteTimeSpan; // what is on the wire is what the case is about
        Options?.Invoke(options);
    }
}
