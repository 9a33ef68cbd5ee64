using System.Diagnostics;
using System.Net;

namespace Duplex.Tests;

public sealed class HandshakeClientTests
{
    private const string Url = "ws://host.test/path";

    [Fact]
    public async Task Streams_from_a_raw_session_are_refused_before_any_traffic()
    {
        var primary = new FakePrimaryHandler();
        using HttpClient client = Client(primary);

        var error = await Assert.ThrowsAsync<ArgumentException>(() => ConnectAsync(client, request => (request.IsRaw, request.ReceiveMode) = (true, ReceiveMode.Streams)));
        await Assert.ThrowsAsync<ArgumentException>(() => ConnectAsync(client, request => (request.IsRaw, request.ReceiveMode) = (true, ReceiveMode.Direct)));

        Assert.Contains("ReceiveMode", error.Message, StringComparison.Ordinal);
        Assert.Empty(primary.Requests);
    }

    [Fact]
    [KtorParity("plugin/WebSockets-pingInterval-maxFrameSize")]
    public async Task A_handshake_gives_the_connection_and_the_plugins_options()
    {
        var options = new WebSocketsOptions { MaxFragments = 7 };
        var stream = new MemoryStream();
        using var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler(request => FakePrimaryHandler.Upgrade(request, stream)), options));

        (OpenedConnection connection, WebSocketsOptions found) = await ConnectAsync(client);

        Assert.Same(stream, connection.Stream);
        Assert.Equal(7, found.MaxFragments);
        Assert.Equal(Url, connection.Call.Request.Uri.AbsoluteUri);
    }

    [Fact]
    public async Task Default_headers_go_along_save_those_of_ours()
    {
        var primary = new FakePrimaryHandler();
        using HttpClient client = Client(primary);
        client.DefaultRequestHeaders.ConnectionClose = true;
        client.DefaultRequestHeaders.ExpectContinue = true;
        client.DefaultRequestHeaders.TryAddWithoutValidation("Sec-WebSocket-Key", "mine");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Sec-WebSocket-Protocol", "default");
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Tests/1.0");

        await ConnectAsync(client, request => request.Headers.Host = "other.test");

        HttpRequestMessage sent = primary.Request;
        Assert.Equal("Upgrade", FakePrimaryHandler.Value(sent, "Connection"));
        Assert.Null(FakePrimaryHandler.Value(sent, "Expect"));
        Assert.Equal("Tests/1.0", FakePrimaryHandler.Value(sent, "User-Agent"));
        Assert.Equal("other.test", FakePrimaryHandler.Value(sent, "Host"));
        Assert.Equal("default", FakePrimaryHandler.Value(sent, "Sec-WebSocket-Protocol"));
        Assert.NotEqual("mine", FakePrimaryHandler.Value(sent, "Sec-WebSocket-Key"));
    }

    [Fact]
    [KtorParity("opening/subprotocols-by-a-header-only")]
    public async Task A_subprotocol_header_set_by_hand_becomes_subprotocols()
    {
        var primary = new FakePrimaryHandler();
        using HttpClient client = Client(primary);

        (OpenedConnection connection, _) = await ConnectAsync(client, request =>
        {
            request.Subprotocols.Add("first");
            request.Headers.Add("Sec-WebSocket-Protocol", "second, third");
        });

        Assert.Equal("first, second, third", FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Protocol"));
        Assert.Equal(["first", "second", "third"], connection.Call.Request.Subprotocols);
    }

    public static TheoryData<string, Action<WebSocketRequest>> BadRequests => new()
    {
        { "no address", request => request.Uri = null },
        { "fragment", request => request.Uri = new Uri("ws://host.test/#x") },
        { "user info", request => request.Uri = new Uri("ws://a@b/") },
        { "header of ours", request => request.Headers.TryAddWithoutValidation("Connection", "close") },
        { "line break", request => request.Headers.TryAddWithoutValidation("X-Value", "a\r\nb: c") },
        { "subprotocol twice", request => request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", "a, a") },
    };

    [Theory, MemberData(nameof(BadRequests))]
    [KtorParity("close-and-errors/ConnectTimeoutException-SocketTimeoutException")]
    public async Task A_bad_request_is_refused_before_any_handler_is_called(string why, Action<WebSocketRequest> spoil)
    {
        _ = why;
        int calls = 0;
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new UserHandler((request, next) =>
        {
            calls++;
            return next(request);
        })
        { InnerHandler = new WebSocketsHandler(primary) });

        await Assert.ThrowsAnyAsync<ArgumentException>(() => ConnectAsync(client, spoil));

        Assert.Equal(0, calls);
        Assert.Empty(primary.Requests);
    }

    [Fact]
    public async Task A_line_break_among_the_default_headers_is_refused_before_any_handler_is_called()
    {
        int calls = 0;
        var above = new UserHandler((request, next) =>
        {
            calls++;
            return next(request);
        });
        above.InnerHandler = new WebSocketsHandler(new FakePrimaryHandler());
        using var client = new HttpClient(above);
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Value", "secret\r\nX-Evil: 1");

        var error = await Assert.ThrowsAsync<ArgumentException>(() => ConnectAsync(client));

        Assert.Contains("X-Value", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, calls);
    }

    [Fact]
    [KtorParity("opening/HttpRequestBuilder")]
    public async Task The_clients_default_version_is_the_requests()
    {
        using HttpClient client = Client(new FakePrimaryHandler());

        client.DefaultRequestVersion = HttpVersion.Version20; // or lower
        (OpenedConnection connection, _) = await ConnectAsync(client);
        Assert.Equal(HttpVersion.Version20, connection.Call.Request.Version);

        // Which versions can be had is a matter of the engine, so the handlers above it are asked first; nothing is sent.
        var primary = new FakePrimaryHandler();
        using HttpClient strict = Client(primary);
        strict.DefaultRequestVersion = HttpVersion.Version30;
        strict.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await Assert.ThrowsAsync<ArgumentException>(() => ConnectAsync(strict));
        Assert.Empty(primary.Requests);
    }

    [Fact]
    public async Task A_client_without_the_plugin_is_told_the_cure_and_sends_nothing()
    {
        using var client = new HttpClient();

        // The address is one where nobody listens: a connection would end in another exception.
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client, request => request.Uri = new Uri("ws://127.0.0.1:1/")));

        Assert.Contains("new HttpClient(new WebSocketsHandler())", error.Message, StringComparison.Ordinal);
        Assert.IsType<NotSupportedException>(error.InnerException);
    }

    [Theory]
    [InlineData(101)]
    [InlineData(200)]
    [InlineData(503)]
    public async Task An_answer_that_did_not_come_from_the_plugin_is_told_the_cure(int status)
    {
        var content = new ConnectionContent(new MemoryStream());
        using var client = new HttpClient(new FakePrimaryHandler(_ => new HttpResponseMessage((HttpStatusCode)status) { Content = content }));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client));

        Assert.Contains("WebSocketsHandler", error.Message, StringComparison.Ordinal);
        Assert.True(content.IsDisposed);
    }

    [Fact]
    [KtorParity("untested/retries-of-a-handshake")]
    public async Task A_refusal_goes_back_through_outer_handlers_which_may_try_again_with_the_marker_or_with_a_copy()
    {
        var primary = new FakePrimaryHandler(request => request.Headers.Authorization is null ? new HttpResponseMessage(HttpStatusCode.Unauthorized) : FakePrimaryHandler.Upgrade(request));
        foreach (bool copies in new[] { false, true })
        {
            using var client = new HttpClient(new UserHandler(async (request, next) =>
            {
                HttpResponseMessage response = await next(request);
                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Assert.Same(request, response.RequestMessage);
                HttpRequestMessage again = copies ? Copy(request) : request;
                again.Headers.Authorization = new("Bearer", "fresh");
                return await next(again);
            })
            { InnerHandler = new WebSocketsHandler(new UserHandler((request, next) => next(request)) { InnerHandler = primary }) });

            (OpenedConnection connection, _) = await ConnectAsync(client);
            Assert.NotNull(connection.Stream);
        }

        Assert.Equal(4, primary.Requests.Count);
        Assert.Equal(4, primary.Requests.Select(request => FakePrimaryHandler.Value(request, "Sec-WebSocket-Key")).Distinct().Count());
    }

    [Fact]
    public async Task A_refusal_becomes_an_exception_with_status_headers_and_the_beginning_of_the_body()
    {
        var content = new StringContent(new string('x', 5000));
        using HttpClient client = Client(new FakePrimaryHandler(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = content };
            response.Headers.WwwAuthenticate.ParseAdd("Bearer");
            return response;
        }));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client));

        Assert.Equal((HandshakeCheck.Status, HttpStatusCode.Unauthorized), (error.Check, error.StatusCode));
        Assert.Equal("Bearer", error.Headers!.WwwAuthenticate.ToString());
        Assert.Equal(4096, error.BodyPreview!.Length);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => content.ReadAsStringAsync()); // released
    }

    [Fact]
    public async Task A_body_that_never_ends_is_given_up_at_the_handshake_timeout_and_the_status_is_told_all_the_same()
    {
        var time = new TestClock();
        var body = new SilentStream();
        using HttpClient client = Client(
            new FakePrimaryHandler(_ => new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new ConnectionContent(body) }), options => options.TimeProvider = time);

        Task connecting = Opening.ConnectAsync(client, new Uri(Url), null, CancellationToken.None);
        await body.IsRead.Soon();
        time.Advance(TimeSpan.FromSeconds(14.9));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).StatusCode);
    }

    [Fact]
    public async Task Without_a_handshake_timeout_the_clients_own_bounds_the_body()
    {
        var time = new TestClock();
        var body = new SilentStream();
        using HttpClient client = Client(
            new FakePrimaryHandler(_ => new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new ConnectionContent(body) }),
            options => (options.TimeProvider, options.HandshakeTimeout) = (time, Timeout.InfiniteTimeSpan));

        Task connecting = Opening.ConnectAsync(client, new Uri(Url), null, CancellationToken.None);
        await body.IsRead.Soon();
        time.Advance(client.Timeout);

        Assert.Equal(HttpStatusCode.Forbidden, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).StatusCode);
    }

    [Fact]
    public async Task The_callers_token_ends_the_reading_of_a_body()
    {
        using var source = new CancellationTokenSource();
        var body = new SilentStream();
        using HttpClient client = Client(new FakePrimaryHandler(_ => new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new ConnectionContent(body) }));

        Task connecting = Opening.ConnectAsync(client, new Uri(Url), null, source.Token);
        await body.IsRead.Soon();
        await source.CancelAsync();

        Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.Soon())).CancellationToken);
    }

    [Fact]
    public async Task A_cancelled_token_is_told_before_anything_is_sent()
    {
        var primary = new FakePrimaryHandler();
        using HttpClient client = Client(primary);
        var token = new CancellationToken(canceled: true);

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Opening.ConnectAsync(client, new Uri(Url), null, token));

        Assert.Equal(token, error.CancellationToken);
        Assert.Empty(primary.Requests);
    }

    public static TheoryData<Exception> TransportErrors =>
        [new HttpRequestException(HttpRequestError.ConnectionError, "refused"), new HttpRequestException("unknown"), new IOException("broken")];

    [Theory, MemberData(nameof(TransportErrors))]
    [KtorParity("close-and-errors/ConnectTimeoutException-SocketTimeoutException")]
    public async Task What_the_transport_throws_is_inside(Exception broken)
    {
        using HttpClient client = Client(new FakePrimaryHandler((_, _) => Task.FromException<HttpResponseMessage>(broken)));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client));

        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.Same(broken, error.InnerException);
        Assert.Null(error.StatusCode);
        Assert.Equal(broken is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }, error.Message.Contains("ConnectionError", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_that_passes_a_limit_of_the_platform_names_it_and_what_to_raise()
    {
        using HttpClient client = Client(new FakePrimaryHandler((_, _) => Task.FromException<HttpResponseMessage>(new HttpRequestException(HttpRequestError.ConfigurationLimitExceeded, "More than 65536 bytes."))));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client));

        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.Contains("More than 65536 bytes. Raise the limit of the handler below (MaxResponseHeadersLength, in KiB)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_users_handler_throws_is_rethrown_as_it_is()
    {
        var bug = new InvalidOperationException("bug");
        using HttpClient client = Client(new FakePrimaryHandler((_, _) => Task.FromException<HttpResponseMessage>(bug)));

        Assert.Same(bug, await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client)));
    }

    [Fact]
    public async Task The_callers_token_counts_also_where_an_outer_handler_does_not_pass_it_on()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var primary = new FakePrimaryHandler((_, _) =>
        {
            asked.SetResult();
            return new TaskCompletionSource<HttpResponseMessage>().Task;
        });
        using var client = new HttpClient(new DeafHandler { InnerHandler = new WebSocketsHandler(primary) });
        using var caller = new CancellationTokenSource();

        Task connecting = ConnectAsync(client, caller.Token);
        await asked.Task.Soon();
        await caller.CancelAsync();

        Assert.Equal(caller.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.Soon())).CancellationToken);
    }

    [Fact]
    public async Task The_callers_token_counts_also_where_an_outer_handler_makes_another_exception_of_it()
    {
        using var caller = new CancellationTokenSource();
        using var client = new HttpClient(new UserHandler(async (request, next) =>
        {
            try
            {
                return await next(request);
            }
            catch (OperationCanceledException e)
            {
                throw new IOException("It did not work.", e);
            }
        })
        {
            InnerHandler = new WebSocketsHandler(new FakePrimaryHandler((_, token) =>
        {
            caller.Cancel();
            return Task.FromCanceled<HttpResponseMessage>(token);
        }))
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ConnectAsync(client, caller.Token));
    }

    [Fact]
    public async Task An_outer_handler_that_throws_because_of_the_status_leaves_it_known()
    {
        using var client = new HttpClient(new UserHandler(async (request, next) => (await next(request)).EnsureSuccessStatusCode())
        { InnerHandler = new WebSocketsHandler(new FakePrimaryHandler(_ => new HttpResponseMessage(HttpStatusCode.Forbidden))) });

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client));

        Assert.Equal((HandshakeCheck.Status, HttpStatusCode.Forbidden), (error.Check, error.StatusCode));
    }

    [Fact]
    public async Task An_attempt_that_an_outer_handler_gave_up_on_ends_with_the_call()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var primary = new FakePrimaryHandler((_, token) =>
        {
            var never = new TaskCompletionSource<HttpResponseMessage>();
            token.Register(() => ended.TrySetResult());
            return never.Task;
        });
        using var client = new HttpClient(new UserHandler((request, next) =>
        {
            _ = next(request);
            return Task.FromException<HttpResponseMessage>(new IOException("It takes too long."));
        })
        { InnerHandler = new WebSocketsHandler(primary) });

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client));

        await ended.Task.Soon();
    }

    [Fact]
    public async Task A_subprotocol_that_is_asked_for_twice_is_offered_once()
    {
        var primary = new FakePrimaryHandler();
        using HttpClient client = Client(primary);

        await ConnectAsync(client, configure: request =>
        {
            request.Headers.Add("Sec-WebSocket-Protocol", "a, b");
            request.Subprotocols.Add("a");
        });

        Assert.Equal("a, b", FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Protocol"));
    }

    [Fact]
    public async Task An_outer_handler_that_buffers_fails_at_once_and_leaves_no_connection_behind()
    {
        HttpResponseMessage? inner = null;
        using var client = new HttpClient(new UserHandler(async (request, next) =>
        {
            HttpResponseMessage response = await next(request);
            await response.Content.LoadIntoBufferAsync();
            return response;
        })
        { InnerHandler = new WebSocketsHandler(new FakePrimaryHandler(request => inner = FakePrimaryHandler.Upgrade(request))) });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client));

        Assert.Contains("101", error.Message, StringComparison.Ordinal);
        Assert.True(((ConnectionContent)inner!.Content).IsDisposed);
    }

    [Fact]
    public async Task An_outer_handler_that_replaces_the_content_is_found_out_and_leaves_no_connection_behind()
    {
        HttpResponseMessage? inner = null;
        using var client = new HttpClient(new UserHandler(async (request, next) =>
        {
            HttpResponseMessage response = await next(request);
            response.Content = new StringContent("mine");
            return response;
        })
        { InnerHandler = new WebSocketsHandler(new FakePrimaryHandler(request => inner = FakePrimaryHandler.Upgrade(request))) });

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client));

        Assert.Contains("replaced", error.Message, StringComparison.Ordinal);
        Assert.True(((ConnectionContent)inner!.Content).IsDisposed);
    }

    [Fact]
    public async Task A_disposed_client_is_named()
    {
        HttpClient client = Client(new FakePrimaryHandler());
        client.Dispose();

        Assert.Equal(HandshakeCheck.Disposed, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client))).Check);
    }

    [Fact]
    public async Task A_pending_handshake_that_the_client_cancels_is_no_cancellation_of_the_callers()
    {
        foreach (Action<HttpClient> end in new Action<HttpClient>[] { client => client.CancelPendingRequests(), client => client.Dispose() })
        {
            var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using HttpClient client = Client(new FakePrimaryHandler((_, token) =>
            {
                asked.SetResult();
                var never = new TaskCompletionSource<HttpResponseMessage>();
                token.Register(() => never.TrySetCanceled(token));
                return never.Task;
            }));

            Task connecting = ConnectAsync(client);
            await asked.Task.Soon();
            end(client);

            Assert.Equal(HandshakeCheck.Disposed, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).Check);
        }
    }

    [Theory]
    [InlineData("https+http://feed/p", "https://host.test:8443/p", null, "server.address=host.test server.port=8443 url.scheme=wss", "wss://host.test:8443/p")]
    [InlineData("ws://one.test/p", "http://two.test/q", null, "server.address=two.test server.port=80 url.scheme=ws", "ws://two.test/q")]
    [InlineData("ws://one.test/p", "http://two.test/q", "IOException", "server.address=two.test server.port=80 url.scheme=ws", "ws://two.test/q")]
    [InlineData("https+http://feed/p", "https+http://feed/p", "ArgumentException", "server.address=feed", "https+http://feed/p")]
    public async Task Telemetry_has_the_address_that_a_handler_above_resolved(string url, string resolved, string? error, string server, string full)
    {
        using Activity mine = new Activity("test").Start();
        Activity? span = null;
        using ActivityListener listener = Listen(mine, stopped => span = stopped);
        using var probe = new MeterProbe();
        _ = probe.Instruments;
        var primary = new FakePrimaryHandler(request => error == "IOException" ? throw new IOException() : FakePrimaryHandler.Upgrade(request, new MemoryStream()));
        using var client = new HttpClient(new Resolving(new Uri(resolved)) { InnerHandler = new WebSocketsHandler(primary, ws => ws.MeterFactory = probe) });

        Exception? thrown = await Record.ExceptionAsync(() => ConnectAsync(client, request => request.Uri = new Uri(url)));

        Assert.Equal(error is null, thrown is null);
        Assert.Contains($" {server} {(error is null ? "http." : "error.type=")}", Assert.Single(probe.Of("duplex.handshake.duration")), StringComparison.Ordinal);
        string tags = string.Join(' ', span!.TagObjects.Where(tag => tag.Key.StartsWith("server.", StringComparison.Ordinal) || tag.Key == "url.scheme").Select(tag => $"{tag.Key}={tag.Value}"));
        Assert.Equal((server, full), (tags, span.GetTagItem("url.full")));
    }

    [Fact]
    public async Task Where_no_plugin_was_reached_the_span_has_the_address_of_the_call()
    {
        using Activity mine = new Activity("test").Start();
        Activity? span = null;
        using ActivityListener listener = Listen(mine, stopped => span = stopped);
        using var client = new HttpClient(new SocketsHttpHandler());

        await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client, request => request.Uri = new Uri("https+http://feed/p")));

        Assert.Equal(["error.type=System.InvalidOperationException", "network.protocol.name=websocket", "server.address=feed", "url.full=https+http://feed/p"], span!.TagObjects.Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("https://host.test/p", true)]
    [InlineData("http://host.test/p", false)]
    public async Task A_secure_call_by_a_services_name_needs_a_resolved_address_that_is_secure(string resolved, bool opens)
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new Resolving(new Uri(resolved)) { InnerHandler = new WebSocketsHandler(primary) });

        Exception? error = await Record.ExceptionAsync(() => ConnectAsync(client, request => (request.Uri, request.IsSecureOnly) = (new Uri("https+http://feed/p"), true)));

        Assert.Equal(opens ? 1 : 0, primary.Requests.Count);
        Assert.Equal(opens, error is null);
        if (!opens)
            Assert.Contains("or a name that a handler resolved to one", Assert.IsType<ArgumentException>(error).Message, StringComparison.Ordinal);
    }

    private static HttpClient Client(HttpMessageHandler primary, Action<WebSocketsOptions>? configure = null) => new(new WebSocketsHandler(primary, configure));

    private static Task<(OpenedConnection Connection, WebSocketsOptions Options)> ConnectAsync(HttpClient client, Action<WebSocketRequest>? configure = null) =>
        Opening.ConnectAsync(client, new Uri(Url), configure, CancellationToken.None).Soon();

    private static Task<(OpenedConnection Connection, WebSocketsOptions Options)> ConnectAsync(HttpClient client, CancellationToken token) =>
        Opening.ConnectAsync(client, new Uri(Url), null, token).Soon();

    private static HttpRequestMessage Copy(HttpRequestMessage request)
    {
        var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Version = request.Version, VersionPolicy = request.VersionPolicy };
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in request.Headers.NonValidated)
            copy.Headers.TryAddWithoutValidation(name, values);
        foreach ((string name, object? value) in request.Options)
            ((IDictionary<string, object?>)copy.Options)[name] = value;
        return copy;
    }

    // Spans are the whole process's: those of a test descend from its own.
    private static ActivityListener Listen(Activity mine, Action<Activity> stopped)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Duplex",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => (span.TraceId == mine.TraceId ? stopped : null)?.Invoke(span),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private sealed class Resolving(Uri address) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = address;
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>A body that never comes, and that no token hurries.</summary>
    private sealed class SilentStream : MemoryStream
    {
        private readonly TaskCompletionSource _isRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsRead => _isRead.Task;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _isRead.TrySetResult();
            return new(new TaskCompletionSource<int>().Task);
        }
    }

    private sealed class DeafHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => base.SendAsync(request, CancellationToken.None);
    }
}
