using System.Net;
using System.Net.Sockets;

namespace Duplex.Testing;

/// <summary>Takes a server's requests: answers handshakes as the scripts say, and begins the sessions.</summary>
/// <remarks>Thread-safe. Properties are set before the client connects.</remarks>
internal sealed class Reception(VirtualTime time, ScriptBook scripts) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _sync = new();

    // Under _sync.
    private int _count;
    private bool _isClockShared;

    public AwaitableLog<TestConnection> Connections { get; } = new();

    public AwaitableLog<TestMessage> Messages { get; } = new();

    public IList<string> Subprotocols { get; } = [];

    public Action<WebSocketsOptions>? ConfigureSessions { get; set; }

    public Func<Stream, Stream>? ClientStream { get; set; }

    public Func<Stream, Stream>? ServerStream { get; set; }

    public Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>? OnRequest { get; set; }

    public TimeSpan ReceiveTimeout { get; set; } = TimeSpan.FromSeconds(10);

    public int Count
    {
        get
        {
            lock (_sync)
                return _count;
        }
    }

    /// <summary>Why time must not pass: the clients that came do not use the clock. Null if one does.</summary>
    public string? OtherClock
    {
        get
        {
            lock (_sync)
            {
                return _count == 0 || _isClockShared
                    ? null
                    : "The client of the WebSocketTestServer has another clock, so time would pass for the server " +
                    "alone. Use CreateClient or UseTestServer, or set TimeProvider of the client's options to " +
                    "server.Time. If the client needs no clock, set AllowsOtherClocks.";
            }
        }
    }

    /// <summary>Answers a request.</summary>
    public async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken token)
    {
        bool isClockShared = time.WasAsked; // first: this method's own questions count, too
        using var any = CancellationTokenSource.CreateLinkedTokenSource(token, _stopping.Token);

        // A network never answers within the call.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (!HandshakePlan.IsHandshake(request))
        {
            return OnRequest is { } answer
                ? await answer(request, any.Token).ConfigureAwait(false)
                : new HttpResponseMessage(HttpStatusCode.NotFound) { RequestMessage = request };
        }

        TestConnection connection;
        ConnectionScript script;
        bool isOwn;
        lock (_sync)
        {
            _isClockShared |= isClockShared;
            (script, isOwn) = scripts.Take();
            connection = new TestConnection(
                ++_count, new TestRequest(request), time.GetUtcNow(), () => ReceiveTimeout);
            Connections.Add(connection);
        }

        try
        {
            HttpResponseMessage response = await ShakeHandsAsync(
                request, script.Handshake, () => Open(request, connection, script, isOwn), any.Token)
                .ConfigureAwait(false);
            connection.Answered(response.StatusCode);
            if (!connection.IsOpen)
                connection.End(null);
            return response;
        }
        catch
        {
            connection.End(null);
            throw;
        }
    }

    /// <summary>Ends handshakes and scripts, and aborts all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        IReadOnlyList<(TestConnection Connection, Task Run)> running = scripts.Running;
        foreach ((TestConnection connection, _) in running)
            connection.Vanish();

        // Code that ignores its token is abandoned.
        await Task.WhenAll(running.Select(entry => entry.Run)).WaitAsync(ReceiveTimeout)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static HttpRequestException Reset() => new HttpRequestException(
        HttpRequestError.ResponseEnded,
        "The connection in memory was reset before a response.",
        new IOException(
            "The connection in memory was reset.", new SocketException((int)SocketError.ConnectionReset)));

    private async Task<HttpResponseMessage> ShakeHandsAsync(
        HttpRequestMessage request, HandshakePlan plan, Func<HttpResponseMessage> open, CancellationToken token)
    {
        if (plan.Delay > TimeSpan.Zero)
            await Task.Delay(plan.Delay, time, token).ConfigureAwait(false);
        switch (plan.How)
        {
            case HandshakePlan.Way.Refuse:
                return plan.Refuse(request);
            case HandshakePlan.Way.Stall:
                await Task.Delay(Timeout.InfiniteTimeSpan, time, token).ConfigureAwait(false);
                break;
            case HandshakePlan.Way.Drop:
                throw plan.Error?.Invoke() ?? Reset();
        }

        token.ThrowIfCancellationRequested();
        return open();
    }

    private HttpResponseMessage Open(
        HttpRequestMessage request, TestConnection connection, ConnectionScript script, bool isOwn)
    {
        var link = new MemoryLink();
        Stream client = Wrap(link.Client, ClientStream, script.ClientStream);
        string? subprotocol = script.Handshake.Choose(connection.Request.Subprotocols, Subprotocols);
        HttpResponseMessage response = script.Handshake.Accept(request, client, subprotocol);
        if (script.Handshake.How == HandshakePlan.Way.AcceptWrongly)
            return response;

        var parser = new MessageParser((type, data) =>
        {
            var message = new TestMessage(type, data, time.GetUtcNow());
            connection.Record(message);
            if (type is FrameType.Text or FrameType.Binary)
                Messages.Add(message);
        });
        var server = new RecordingTap(Wrap(link.Server, ServerStream, script.ServerStream), parser);
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            // The client's ambient values are none of the server's.
            WebSocketSession session = script.IsRaw == true
                ? WebSocketSessions.CreateRaw(server, WebSocketRole.Server, Configure)
                : WebSocketSessions.Create(server, WebSocketRole.Server, Configure);
            connection.Opened(link, session, subprotocol);
            var run = new ScriptRun(script.Steps, new ScriptStep.Stage(connection, session, time));
            scripts.Begin(connection, run, isOwn, () => ServeAsync(connection, session, run));
        }

        return response;
    }

    private void Configure(WebSocketsOptions options)
    {
        options.TimeProvider = time;
        options.PingInterval = Timeout.InfiniteTimeSpan;
        ConfigureSessions?.Invoke(options);
    }

    private async Task ServeAsync(TestConnection connection, WebSocketSession session, ScriptRun run)
    {
        Task end = EndAsync();
        try
        {
            await run.RunAsync(_stopping.Token).ConfigureAwait(false);
        }
        catch (WebSocketTestException e)
        {
            scripts.Fail(e);
            connection.Fail(e);
            Messages.Fail(e);
            Connections.Fail(e);
            Task closing = session.CloseAsync(
                CloseCode.InternalError, "The script of the test's server failed.", _stopping.Token);
            await closing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_stopping.IsCancellationRequested)
            connection.Vanish(); // a polite close could wait for time that does not pass
        await session.DisposeAsync().ConfigureAwait(false);
        await end.ConfigureAwait(false);

        // Code may run on for long after the end of its session.
        async Task EndAsync() => connection.End(await session.Completion.ConfigureAwait(false));
    }

    private static Stream Wrap(Stream stream, Func<Stream, Stream>? all, Func<Stream, Stream>? one)
    {
        stream = all?.Invoke(stream) ?? stream;
        return one?.Invoke(stream) ?? stream;
    }
}
