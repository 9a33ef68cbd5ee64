using System.Net;
using System.Threading.Channels;

namespace Duplex.Tests;

/// <summary>A server in memory that answers as a test says, a client with the plugin, and one clock for both.</summary>
internal sealed class Scene : IAsyncDisposable
{
    private readonly Lock _sync = new();
    private readonly Queue<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>> _script = new();
    private readonly Channel<DefaultWebSocketSession> _accepted = Channel.CreateUnbounded<DefaultWebSocketSession>();
    private readonly List<DefaultWebSocketSession> _sessions = [];
    private readonly List<HttpRequestMessage> _requests = [];
    private readonly WebSocketsHandler _handler;
    private int _attempts;

    public Scene(Action<WebSocketsOptions>? configure = null)
    {
        _handler = new WebSocketsHandler(new FakePrimaryHandler(AnswerAsync), ws =>
        {
            ws.TimeProvider = Time;
            ws.PingInterval = Timeout.InfiniteTimeSpan;
            configure?.Invoke(ws);
        });
        Client = new HttpClient(_handler) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = new Uri("http://server.test/") };
    }

    public TestClock Time { get; } = new();

    public HttpClient Client { get; }

    public int Attempts => Volatile.Read(ref _attempts);

    /// <summary>What the server does when its script is over. Default: it accepts.</summary>
    public Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>? Otherwise { get; set; }

    public IReadOnlyList<HttpRequestMessage> Requests
    {
        get
        {
            lock (_sync)
                return [.. _requests];
        }
    }

    /// <summary>The next attempt is refused with a status.</summary>
    public Scene Refuse(HttpStatusCode status, Action<HttpResponseMessage>? configure = null) => Answer((_, _) =>
    {
        var response = new HttpResponseMessage(status);
        configure?.Invoke(response);
        return Task.FromResult(response);
    });

    /// <summary>The next attempt fails as one to a host that is down.</summary>
    public Scene Fail() => Answer((_, _) =>
        throw new HttpRequestException(HttpRequestError.ConnectionError, "refused"));

    /// <summary>The next attempt gets no answer.</summary>
    public Scene Stall() => Answer(async (_, token) =>
    {
        await new TaskCompletionSource<bool>().Task.WaitAsync(token);
        throw new InvalidOperationException("unreachable");
    });

    /// <summary>The next attempt is accepted.</summary>
    public Scene Accept() => Answer((request, _) => Task.FromResult(Upgrade(request)));

    /// <summary>The next attempt is accepted by a peer that reads and answers nothing.</summary>
    public Scene AcceptMute() => Answer((request, _) =>
        Task.FromResult(FakePrimaryHandler.Upgrade(request, MemoryLink.Create().Client)));

    public Scene Answer(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        lock (_sync)
            _script.Enqueue(answer);
        return this;
    }

    /// <summary>A feed whose delays are half of their bounds.</summary>
    public ReconnectingWebSocket CreateFeed(Action<ReconnectingWebSocketOptions>? configure = null) =>
        Client.CreateReconnectingWebSocket("ws://server.test/feed", options =>
        {
            options.TimeProvider = Time;
            options.Random = () => 0.5;
            configure?.Invoke(options);
        });

    /// <summary>An open connection, not ready yet, and the server's side.</summary>
    public async Task<(Connection Connection, DefaultWebSocketSession Server)> OpenAsync(int epoch = 1)
    {
        DefaultClientWebSocketSession session = await Client.WebSocketSessionAsync("ws://server.test/feed").Soon();
        return (new Connection(session, epoch, null, Time), await AcceptedAsync());
    }

    /// <summary>The server's side of the next connection.</summary>
    public Task<DefaultWebSocketSession> AcceptedAsync() => _accepted.Reader.ReadAsync().Soon();

    /// <summary>Whether a connection was accepted that <see cref="AcceptedAsync"/> has not returned.</summary>
    public bool HasAccepted => _accepted.Reader.Count > 0;

    /// <summary>Lets time pass in steps, with yields to the code that it wakes, until something is so.</summary>
    public Task PassUntilAsync(Func<bool> condition)
    {
        return Patience.Until(() =>
        {
            if (condition())
                return true;
            Time.Advance(TimeSpan.FromMilliseconds(10));
            return false;
        });
    }

    public HttpResponseMessage Upgrade(HttpRequestMessage request)
    {
        (Stream client, Stream server) = MemoryLink.Create();
        DefaultWebSocketSession session = WebSocketSessions.Create(server, WebSocketRole.Server, ws =>
        {
            ws.TimeProvider = Time;
            ws.PingInterval = Timeout.InfiniteTimeSpan;
        });
        lock (_sync)
            _sessions.Add(session);
        _accepted.Writer.TryWrite(session);
        return FakePrimaryHandler.Upgrade(request, client);
    }

    public async ValueTask DisposeAsync()
    {
        DefaultWebSocketSession[] sessions;
        lock (_sync)
            sessions = [.. _sessions];
        foreach (DefaultWebSocketSession session in sessions)
            session.Abort();
        foreach (DefaultWebSocketSession session in sessions)
            await session.Completion.Soon();
        Client.Dispose();
    }

    public Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken token)
    {
        Interlocked.Increment(ref _attempts);
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>? next;
        lock (_sync)
        {
            _requests.Add(request);
            _script.TryDequeue(out next);
        }

        return (next ?? Otherwise)?.Invoke(request, token) ?? Task.FromResult(Upgrade(request));
    }
}
