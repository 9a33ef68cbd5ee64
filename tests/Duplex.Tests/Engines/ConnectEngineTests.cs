using System.Net;

namespace Duplex.Tests;

public sealed class ConnectEngineTests
{
    [Fact]
    [KtorParity("test-default-session/OkHttpWebsocketSessionTest.testWebSocketFactory")]
    public async Task The_function_gets_the_request_as_client_and_handlers_have_left_it()
    {
        WebSocketRequest? asked = null;
        var option = new HttpRequestOptionsKey<string>("user");
        using HttpClient client = Client(
            (request, _) =>
            {
                asked = request;
                return new ValueTask<Stream>(new ScriptedPeer());
            },
            (request, next) =>
            {
                request.Headers.Add("X-Handler", "h");
                request.Headers.Add("Sec-WebSocket-Protocol", "handler");
                return next(request);
            },
            ws => ws.Subprotocols.Add("options"));
        client.BaseAddress = new Uri("https://host.test/base/");
        client.DefaultRequestHeaders.Add("X-Default", "d");
        client.DefaultRequestHeaders.ConnectionClose = true; // HTTP's, not the function's

        (OpenedConnection connection, _) = await ConnectAsync(client, request =>
        {
            request.Uri = new Uri("feed?q=1", UriKind.Relative);
            request.Headers.Add("X-Request", "r");
            request.Subprotocols.Add("request");
            request.Version = HttpVersion.Version20;
            request.Options.Set(option, "o");
        });

        Assert.Equal(new Uri("wss://host.test/base/feed?q=1"), asked!.Uri);
        Assert.Equal(["X-Default", "X-Handler", "X-Request"], asked.Headers.NonValidated.Select(header => header.Key).Order());
        Assert.Equal(["request", "handler", "options"], asked.Subprotocols);
        Assert.Equal(HttpVersion.Version20, asked.Version);
        Assert.True(asked.Options.TryGetValue(option, out string? value) && value == "o");
        Assert.Equal(new Uri("wss://host.test/base/feed"), connection.Call.Request.Uri);
        Assert.Equal(asked.Subprotocols, connection.Call.Request.Subprotocols);
        Assert.Equal(["X-Default", "X-Handler", "X-Request"], connection.Call.Request.HeaderNames.Order());
        Assert.Null(connection.Call.Response);
        connection.Owner.Dispose();
    }

    [Fact]
    public async Task A_sockets_url_needs_a_capability_and_comes_as_it_was_written()
    {
        Uri? asked = null;
        ValueTask<Stream> Connect(WebSocketRequest request, CancellationToken token)
        {
            asked = request.Uri;
            return new ValueTask<Stream>(new ScriptedPeer());
        }

        var url = new Uri("ws+unix:/run/app.sock:/chat?room=1");
        using var without = new HttpClient(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.FromStream(Connect)));
        using var with = new HttpClient(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.FromStream(Connect, EngineCapability.LocalSockets)));

        var error = await Assert.ThrowsAsync<NotSupportedException>(() => Opening.ConnectAsync(without, url, null, CancellationToken.None).Soon());
        Assert.StartsWith("The URL of a Unix socket or a named pipe needs the capability LocalSockets", error.Message, StringComparison.Ordinal);
        Assert.Null(asked);

        (OpenedConnection connection, _) = await Opening.ConnectAsync(with, url, null, CancellationToken.None).Soon();
        Assert.Equal(url.OriginalString, asked!.OriginalString);
        Assert.Equal("ws+unix:/run/app.sock:/chat", connection.Call.Request.Uri.OriginalString);
        connection.Owner.Dispose();
    }

    [Fact]
    public async Task A_handler_above_may_try_again_and_each_attempt_is_asked_anew()
    {
        var asked = new List<WebSocketRequest>();
        using HttpClient client = Client(
            (request, _) =>
            {
                asked.Add(request);
                return asked.Count == 1 ? throw new HttpRequestException("busy") : new ValueTask<Stream>(new ScriptedPeer());
            },
            async (request, next) =>
            {
                try
                {
                    return await next(request);
                }
                catch (HttpRequestException)
                {
                    request.Headers.Add("X-Again", "1");
                    return await next(request);
                }
            });

        (OpenedConnection connection, _) = await ConnectAsync(client);

        Assert.Equal([0, 1], asked.Select(request => request.Headers.NonValidated.Count));
        connection.Owner.Dispose();
    }

    [Fact]
    public async Task What_the_function_throws_is_a_failed_handshake()
    {
        var error = new InvalidOperationException("no");
        using HttpClient client = Client((_, _) => throw error);

        var failure = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client));

        Assert.Equal(HandshakeCheck.Transport, failure.Check);
        Assert.Same(error, failure.InnerException);
    }

    [Fact]
    public async Task A_function_that_ignores_its_token_holds_nobody_up_and_what_it_brings_late_is_released()
    {
        var connecting = new TaskCompletionSource<Stream>();
        var time = new TestClock();
        using HttpClient client = Client((_, _) => new ValueTask<Stream>(connecting.Task), configure: ws => ws.TimeProvider = time);

        Task opening = ConnectAsync(client);
        time.Advance(TimeSpan.FromSeconds(15));

        Assert.Equal(HandshakeCheck.Timeout, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon())).Check);
        var late = new ScriptedPeer();
        connecting.SetResult(late);
        await late.Released.Soon();
    }

    [Fact]
    public async Task The_functions_token_fires_when_the_caller_gives_up()
    {
        var asked = new TaskCompletionSource<CancellationToken>();
        using HttpClient client = Client(async (_, token) =>
        {
            asked.SetResult(token);
            await new TaskCompletionSource().Task.WaitAsync(token);
            throw new NotSupportedException();
        });
        using var source = new CancellationTokenSource();

        Task opening = Opening.ConnectAsync(client, new Uri("ws://host.test/"), null, source.Token);
        CancellationToken token = await asked.Task.Soon();
        await source.CancelAsync();

        Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.Soon())).CancellationToken);
        Assert.True(token.IsCancellationRequested);
    }

    [Fact]
    public async Task Nothing_is_sent_to_the_handlers_below()
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary, ws => ws.Engine = WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(new ScriptedPeer()))));

        (OpenedConnection connection, _) = await ConnectAsync(client);

        Assert.Empty(primary.Requests);
        connection.Owner.Dispose();
    }

    [Fact]
    public async Task No_handlers_are_made_where_none_are_needed()
    {
        using var plugin = new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(new ScriptedPeer())));
        using var client = new HttpClient(plugin, disposeHandler: false);

        (OpenedConnection connection, _) = await ConnectAsync(client);

        Assert.Null(plugin.InnerHandler);
        connection.Owner.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_function_does_not_honour_is_refused_before_it_is_called(bool header)
    {
        bool isCalled = false;
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.FromStream((_, _) =>
        {
            isCalled = true;
            return new ValueTask<Stream>(new ScriptedPeer());
        })));
        client.DefaultRequestVersion = HttpVersion.Version20; // a default is nobody's wish
        if (header)
            client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");

        var error = await Assert.ThrowsAsync<NotSupportedException>(() => ConnectAsync(client, request =>
        {
            request.Uri = new Uri("ws://host.test/");
            if (!header)
                request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }));

        Assert.Contains(header ? "Authorization" : "VersionPolicy", error.Message, StringComparison.Ordinal);
        Assert.Contains(header ? "RequestHeaders" : "HttpVersion", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.False(isCalled);
    }

    [Fact]
    public async Task An_extension_that_is_negotiated_is_refused_before_the_function_is_called_with_engine_capability_and_extension()
    {
        bool isCalled = false;
        var counter = new CounterFactory();
        using HttpClient client = Client(
            (_, _) =>
            {
                isCalled = true;
                return new ValueTask<Stream>(new ScriptedPeer());
            },
            configure: ws => ws.Extensions.Install(counter));

        var error = await Assert.ThrowsAsync<NotSupportedException>(() => ConnectAsync(client));

        Assert.Contains("x-counter", error.Message, StringComparison.Ordinal);
        Assert.Contains("WebSocketExtensions", error.Message, StringComparison.Ordinal);
        Assert.Contains("engine Stream", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(counter.Made).Disposals);
        Assert.False(isCalled);
        (OpenedConnection raw, _) = await ConnectAsync(client, request =>
        {
            request.Uri = new Uri("ws://host.test/");
            request.IsRaw = true;
        });
        Assert.Null(raw.Extensions);
        raw.Dispose();
    }

    [Fact]
    public async Task An_interceptor_works_and_ends_with_its_connection()
    {
        var interceptor = new ToyExtension();
        using HttpClient client = Client((_, _) => new ValueTask<Stream>(new ScriptedPeer()), configure: ws => ws.Extensions.Install(new ToyFactory("log", () => interceptor)));

        (OpenedConnection connection, _) = await ConnectAsync(client);

        Assert.Same(interceptor, Assert.Single(connection.Extensions!.Extensions));
        Assert.Equal(0, interceptor.Disposals);
        connection.Dispose();
        Assert.Equal(1, interceptor.Disposals);
    }

    private static HttpClient Client(
        Func<WebSocketRequest, CancellationToken, ValueTask<Stream>> connect,
        Func<HttpRequestMessage, Func<HttpRequestMessage, Task<HttpResponseMessage>>, Task<HttpResponseMessage>>? above = null,
        Action<WebSocketsOptions>? configure = null)
    {
        var plugin = new WebSocketsHandler(ws =>
        {
            ws.Engine = WebSocketEngines.FromStream(connect, EngineCapability.RequestHeaders, EngineCapability.HttpVersion);
            configure?.Invoke(ws);
        });
        return new HttpClient(new UserHandler(above ?? ((request, next) => next(request))) { InnerHandler = plugin });
    }

    private static Task<(OpenedConnection Connection, WebSocketsOptions Options)> ConnectAsync(HttpClient client, Action<WebSocketRequest>? configure = null) =>
        Opening.ConnectAsync(client, configure is null ? new Uri("ws://host.test/") : null, configure, CancellationToken.None).Soon();
}
