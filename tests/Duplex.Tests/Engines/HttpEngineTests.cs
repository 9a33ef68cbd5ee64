using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex.Tests;

public sealed class HttpEngineTests : IDisposable
{
    private readonly CancellationTokenSource _stopping = new(), _caller = new();
    private readonly HandshakeDeadline _deadline = new(TimeSpan.FromSeconds(15), TimeProvider.System);
    private readonly List<WebSocketExtensionFactory> _extensions = [];
    private readonly WebSocketRequest _request = new();
    private HandshakeStrictness _strictness;
    private readonly HttpRequestMessage _marker = new(HttpMethod.Get, "http://host.test/path?q=1") { Version = new Version(0, 0) };

    public void Dispose()
    {
        _deadline.Dispose();
        _stopping.Dispose();
        _caller.Dispose();
        _marker.Dispose();
    }

    [Fact]
    public async Task It_asks_the_handlers_below_for_an_upgrade_and_offers_what_the_options_say()
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary, ws => ws.Subprotocols.Add("a")));

        (OpenedConnection connection, _) = await Opening.ConnectAsync(client, new Uri("ws://host.test/"), null, CancellationToken.None).Soon();

        Assert.Same(WebSocketEngines.Http, connection.Call.Engine);
        Assert.Equal("a", FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Protocol"));
        connection.Owner.Dispose();
    }

    [Fact]
    [KtorParity("http/HttpHeaders.SecWebSocket")]
    [KtorParity("engine/Apache")]
    public async Task The_request_is_the_one_of_RFC_6455()
    {
        var primary = new FakePrimaryHandler();

        await SendAsync(primary);

        HttpRequestMessage request = primary.Request;
        Assert.Equal(HttpMethod.Get, request.Method);
        Assert.Equal("ws://host.test/path?q=1", request.RequestUri!.AbsoluteUri);
        Assert.Equal((HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact), (request.Version, request.VersionPolicy));
        Assert.Null(request.Content);
        Assert.Equal(
            ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", $"Sec-WebSocket-Key: {FakePrimaryHandler.Value(request, "Sec-WebSocket-Key")}"],
            request.Headers.NonValidated.Select(header => $"{header.Key}: {header.Value}"));
        Assert.True(HandshakeKey.IsValid(FakePrimaryHandler.Value(request, "Sec-WebSocket-Key")));
    }

    [Fact]
    [KtorParity("weakness/6-the-handshake-is-not-checked")]
    public async Task Each_attempt_has_a_key_of_its_own_and_leaves_the_marker_as_it_is()
    {
        var primary = new FakePrimaryHandler();
        _marker.Headers.TryAddWithoutValidation("Connection", "close");

        await SendAsync(primary);
        await SendAsync(primary);

        Assert.Equal(2, primary.Requests.Select(request => FakePrimaryHandler.Value(request, "Sec-WebSocket-Key")).Distinct().Count());
        Assert.Equal(["Connection"], _marker.Headers.NonValidated.Select(header => header.Key));
    }

    [Fact]
    [KtorParity("opening/HttpRequestBuilder")]
    public async Task Headers_and_options_of_the_marker_go_along_and_those_of_ours_do_not()
    {
        var primary = new FakePrimaryHandler();
        var option = new HttpRequestOptionsKey<string>("mine");
        _marker.Options.Set(option, "here");
        _marker.Options.Set(new HttpRequestOptionsKey<string>(EnginePlugin.Mark), "an attempt");
        _marker.Headers.TryAddWithoutValidation("Authorization", "Bearer x");
        _marker.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "mine");
        _marker.Headers.ConnectionClose = true;
        _marker.Headers.ExpectContinue = true;

        await SendAsync(primary);

        Assert.Equal("Bearer x", FakePrimaryHandler.Value(primary.Request, "Authorization"));
        Assert.Equal("Upgrade", FakePrimaryHandler.Value(primary.Request, "Connection"));
        Assert.Null(FakePrimaryHandler.Value(primary.Request, "Expect"));
        Assert.True(HandshakeKey.IsValid(FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Key")));
        Assert.DoesNotContain(EnginePlugin.Mark, primary.Request.Options.Select(pair => pair.Key)); // a second plugin below lets it pass
        Assert.True(primary.Request.Options.TryGetValue(option, out string? value));
        Assert.Equal("here", value);
    }

    [Fact]
    [KtorParity("opening/subprotocols-by-a-header-only")]
    public async Task Subprotocols_are_offered_once_each_the_requests_first_then_the_clients_then_the_plugins()
    {
        var primary = new FakePrimaryHandler(request =>
        {
            HttpResponseMessage response = FakePrimaryHandler.Upgrade(request);
            response.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", "b");
            return response;
        });
        _request.Subprotocols.Add("a");
        _marker.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", "b, a");

        HttpResponseMessage answer = await SendAsync(primary, ["c", "a"]);

        Assert.Equal("a, b, c", FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Protocol"));
        Assert.Equal("b", Assert.IsType<OpenedContent>(answer.Content).TryTake()!.Call.Subprotocol);
    }

    [Fact]
    public async Task The_answer_brings_the_connection_and_the_call()
    {
        var stream = new MemoryStream();
        HttpResponseMessage? inner = null;
        var primary = new FakePrimaryHandler(request =>
        {
            inner = FakePrimaryHandler.Upgrade(request, stream);
            inner.Headers.TryAddWithoutValidation("X-Server", "one");
            return inner;
        });

        HttpResponseMessage answer = await SendAsync(primary);

        Assert.Equal(HttpStatusCode.SwitchingProtocols, answer.StatusCode);
        Assert.Equal(HttpVersion.Version11, answer.Version);
        Assert.Same(_marker, answer.RequestMessage);
        Assert.Equal("one", Assert.Single(answer.Headers.GetValues("X-Server")));
        OpenedConnection connection = Assert.IsType<OpenedContent>(answer.Content).TryTake()!;
        Assert.Same(stream, connection.Stream);
        Assert.Equal("ws://host.test/path", connection.Call.Request.Uri.AbsoluteUri);
        Assert.Null(inner!.RequestMessage); // the session keeps the response, and no request with it
        Assert.Equal(HttpStatusCode.SwitchingProtocols, connection.Call.Response!.StatusCode);
        Assert.Equal("one", Assert.Single(connection.Call.Response.Headers.GetValues("X-Server")));
        Assert.Null(connection.Call.Subprotocol);

        Assert.False(((ConnectionContent)inner.Content).IsDisposed);
        connection.Owner.Dispose();
        Assert.True(((ConnectionContent)inner.Content).IsDisposed);
    }

    [Fact]
    public async Task Another_status_goes_back_as_it_is_as_an_answer_to_the_marker()
    {
        var inner = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("who?") };
        var primary = new FakePrimaryHandler(request =>
        {
            inner.RequestMessage = request;
            return inner;
        });

        HttpResponseMessage answer = await SendAsync(primary);

        Assert.Same(inner, answer);
        Assert.Same(_marker, answer.RequestMessage);
        Assert.Equal("who?", await answer.Content.ReadAsStringAsync());
    }

    public static TheoryData<string, string?, HandshakeCheck> WrongAnswers => new()
    {
        { "Upgrade", null, HandshakeCheck.Upgrade },
        { "Upgrade", "h2c", HandshakeCheck.Upgrade },
        { "Connection", null, HandshakeCheck.Connection },
        { "Connection", "keep-alive", HandshakeCheck.Connection },
        { "Sec-WebSocket-Accept", null, HandshakeCheck.Accept },
        { "Sec-WebSocket-Accept", "dGhlIHNhbXBsZSBub25jZQ==", HandshakeCheck.Accept },
        { "Sec-WebSocket-Protocol", "not-offered.token", HandshakeCheck.Subprotocol },
        { "Sec-WebSocket-Extensions", "not-offered", HandshakeCheck.Extensions },
    };

    [Theory, MemberData(nameof(WrongAnswers))]
    public async Task A_wrong_answer_is_refused_with_its_check_and_its_connection_released(string header, string? value, HandshakeCheck check)
    {
        HttpResponseMessage? inner = null;
        var primary = new FakePrimaryHandler(request =>
        {
            inner = FakePrimaryHandler.Upgrade(request);
            inner.Headers.Remove(header);
            if (value is not null)
                inner.Headers.TryAddWithoutValidation(header, value);
            return inner;
        });

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(primary));

        Assert.Equal(check, error.Check);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, error.StatusCode);
        Assert.NotNull(error.Headers);
        if (value is not null)
            Assert.DoesNotContain(value, error.Message, StringComparison.Ordinal);
        Assert.True(((ConnectionContent)inner!.Content).IsDisposed);
    }

    [Fact]
    public async Task An_answer_over_HTTP_1_0_is_refused()
    {
        var primary = new FakePrimaryHandler(request =>
        {
            HttpResponseMessage response = FakePrimaryHandler.Upgrade(request);
            response.Version = HttpVersion.Version10;
            return response;
        });

        Assert.Equal(HandshakeCheck.HttpVersion, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(primary))).Check);
    }

    [Theory]
    [InlineData(101)]
    [InlineData(401)]
    public async Task An_answer_from_another_address_is_refused_whatever_its_status(int status)
    {
        HttpResponseMessage? inner = null;
        var primary = new FakePrimaryHandler(request =>
        {
            inner = FakePrimaryHandler.Upgrade(request);
            inner.StatusCode = (HttpStatusCode)status;
            request.RequestUri = new Uri("ws://evil.test/path?q=1"); // as SocketsHttpHandler does when it follows a redirect
            return inner;
        });

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(primary));

        Assert.Equal(HandshakeCheck.Redirect, error.Check);
        Assert.DoesNotContain("evil", error.Message, StringComparison.Ordinal);
        Assert.True(((ConnectionContent)inner!.Content).IsDisposed);
    }

    [Fact]
    public async Task A_handler_that_writes_http_for_ws_has_not_gone_elsewhere()
    {
        var primary = new FakePrimaryHandler(request =>
        {
            request.RequestUri = new Uri("http://host.test/path?q=1");
            return FakePrimaryHandler.Upgrade(request);
        });

        Assert.IsType<OpenedContent>((await SendAsync(primary)).Content);
    }

    [Fact]
    public async Task A_101_without_a_duplex_stream_is_refused_with_the_cure()
    {
        var content = new ConnectionContent(new MemoryStream([], writable: false));
        var primary = new FakePrimaryHandler(request =>
        {
            HttpResponseMessage response = FakePrimaryHandler.Upgrade(request);
            response.Content = content;
            return response;
        });

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(primary));

        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.Contains("connection", error.Message, StringComparison.Ordinal);
        Assert.True(content.IsDisposed);
    }

    [Theory]
    [InlineData("deadline", HandshakeCheck.Timeout)]
    [InlineData("stopping", HandshakeCheck.Disposed)]
    public async Task What_ends_an_attempt_is_named_even_if_the_inner_handler_ignores_its_token(string what, HandshakeCheck check)
    {
        var late = new TaskCompletionSource<HttpResponseMessage>();
        var primary = new FakePrimaryHandler((_, _) => late.Task);
        Task<HttpResponseMessage> sending = SendAsync(primary);

        if (what == "deadline")
            _deadline.End();
        else
            await _stopping.CancelAsync();
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => sending);
        Assert.Equal(check, error.Check);
        Assert.IsAssignableFrom<OperationCanceledException>(error.InnerException);
        Assert.Null(error.StatusCode);

        // What comes after all is thrown away.
        HttpResponseMessage response = FakePrimaryHandler.Upgrade(primary.Request);
        late.SetResult(response);
        Assert.True(((ConnectionContent)response.Content).IsDisposed);
    }

    [Fact]
    public async Task The_callers_cancellation_stays_one_and_wins()
    {
        Task<HttpResponseMessage> sending = SendAsync(new FakePrimaryHandler((_, _) => new TaskCompletionSource<HttpResponseMessage>().Task));

        await _caller.CancelAsync();
        _deadline.End();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_time_limit_of_the_inner_handlers_own_is_a_timeout()
    {
        var primary = new FakePrimaryHandler((_, _) => Task.FromException<HttpResponseMessage>(new TaskCanceledException("connect", new TimeoutException())));

        Assert.Equal(HandshakeCheck.Timeout, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(primary))).Check);
    }

    [Fact]
    public async Task What_the_transport_throws_stays_what_it_is_for_handlers_that_retry()
    {
        var broken = new HttpRequestException("refused");

        Assert.Same(broken, await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(new FakePrimaryHandler((_, _) => Task.FromException<HttpResponseMessage>(broken)))));
    }

    [Fact]
    public async Task A_value_with_a_line_break_and_a_bad_address_are_refused_before_anything_is_sent()
    {
        var primary = new FakePrimaryHandler();

        _marker.Headers.TryAddWithoutValidation("X-Value", "a\r\nb");
        await Assert.ThrowsAsync<ArgumentException>(() => SendAsync(primary));
        _marker.Headers.Clear();
        _marker.RequestUri = new Uri("ftp://host.test/");
        await Assert.ThrowsAsync<ArgumentException>(() => SendAsync(primary));

        Assert.Empty(primary.Requests);
    }

    [Fact]
    public async Task Logs_name_the_address_without_its_query_and_no_headers()
    {
        var logs = new ListLogger();
        _marker.Headers.TryAddWithoutValidation("Authorization", "Bearer secret");
        _marker.RequestUri = new Uri("ws://host.test/path?token=secret");
        var refusing = new FakePrimaryHandler(_ => new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new StringContent("secret") });
        var broken = new FakePrimaryHandler((_, _) => Task.FromException<HttpResponseMessage>(new HttpRequestException("secret")));
        var wrong = new FakePrimaryHandler(request =>
        {
            HttpResponseMessage response = FakePrimaryHandler.Upgrade(request);
            response.Headers.Remove("Upgrade");
            return response;
        });

        await SendAsync(new FakePrimaryHandler(), logger: logs);
        await SendAsync(refusing, logger: logs);
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(broken, logger: logs));
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(wrong, logger: logs));

        Assert.Equal([10, 15, 10, 12, 10, 13, 10, 13], logs.Entries.Select(entry => entry.Id));
        Assert.All(logs.Entries, entry => Assert.Contains("ws://host.test/path ", entry.Text, StringComparison.Ordinal));
        Assert.All(logs.Entries, entry => Assert.DoesNotContain("secret", entry.Text, StringComparison.Ordinal));
        Assert.Contains("403", logs.Entries[3].Text, StringComparison.Ordinal);
        Assert.Contains("Upgrade", logs.Entries[7].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_HTTP_2_the_request_is_the_one_of_RFC_8441()
    {
        var primary = new FakePrimaryHandler(request => FakePrimaryHandler.Connect(request));
        Ask(HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        _marker.Headers.TryAddWithoutValidation("Authorization", "Bearer x");

        HttpResponseMessage answer = await SendAsync(primary, ["a"]);

        HttpRequestMessage request = primary.Request;
        Assert.Equal((HttpMethod.Connect, "websocket"), (request.Method, request.Headers.Protocol));
        Assert.Equal((HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact), (request.Version, request.VersionPolicy));
        Assert.Equal(
            ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: a", "Authorization: Bearer x"],
            request.Headers.NonValidated.Where(header => header.Key != ":protocol").Select(header => $"{header.Key}: {header.Value}"));
        using OpenedConnection connection = TakenFrom(answer);
        Assert.Equal(HttpStatusCode.OK, connection.Call.Response!.StatusCode);
        Assert.Equal(HttpVersion.Version20, connection.Call.Response.Version);
    }

    [Fact]
    public async Task A_server_without_HTTP_2_is_asked_over_1_1_with_a_new_offer()
    {
        var logs = new ListLogger();
        var primary = new FakePrimaryHandler(request => request.Version == HttpVersion.Version20
            ? throw new HttpRequestException(HttpRequestError.ExtendedConnectNotSupported)
            : FakePrimaryHandler.Upgrade(request));
        _extensions.Add(Toy("toy", "toy"));
        Ask(HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrHigher);

        using OpenedConnection connection = TakenFrom(await SendAsync(primary, logger: logs));

        Assert.Equal([HttpVersion.Version20, HttpVersion.Version11], primary.Requests.Select(request => request.Version));
        Assert.All(primary.Requests, request => Assert.Equal("toy", FakePrimaryHandler.Value(request, "Sec-WebSocket-Extensions")));
        Assert.Equal([10, 17, 15], logs.Entries.Select(entry => entry.Id));
    }

    [Fact]
    public async Task A_server_without_HTTP_2_is_refused_if_nothing_else_was_asked_for()
    {
        var missing = new HttpRequestException(HttpRequestError.ExtendedConnectNotSupported);
        var primary = new FakePrimaryHandler(HttpResponseMessage (_) => throw missing);
        Ask(HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(primary));

        Assert.Equal(HandshakeCheck.HttpVersion, error.Check);
        Assert.Same(missing, error.InnerException);
        Assert.Single(primary.Requests);
    }

    [Fact]
    public async Task Another_failure_over_HTTP_2_is_not_tried_again()
    {
        var primary = new FakePrimaryHandler(HttpResponseMessage (_) => throw new HttpRequestException(HttpRequestError.ConnectionError));
        Ask(HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrHigher);

        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(primary));

        Assert.Single(primary.Requests);
    }

    [Fact]
    public async Task A_failure_of_a_handler_below_stays_the_same_and_is_not_tried_again_over_1_1()
    {
        var open = new HttpRequestException("The circuit is open.");
        var primary = new FakePrimaryHandler(HttpResponseMessage (_) => throw open);
        _marker.RequestUri = new Uri("https://host.test/");
        Ask(HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrHigher);

        Assert.Same(open, await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(primary)));
        Assert.Single(primary.Requests);
    }

    [Fact]
    public async Task Another_status_over_HTTP_2_is_returned_as_it_is()
    {
        var primary = new FakePrimaryHandler(request => new HttpResponseMessage(HttpStatusCode.MethodNotAllowed) { Version = HttpVersion.Version20, RequestMessage = request });
        Ask(HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);

        using HttpResponseMessage answer = await SendAsync(primary);

        WebSocketHandshakeException error = await StatusRefusal.OfAsync(answer, CancellationToken.None);
        Assert.Contains("200 OK was expected", error.Message, StringComparison.Ordinal);
        Assert.Contains("MapGet", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Extensions_are_offered_in_one_header_in_the_order_of_installation_and_made_anew_for_each_attempt()
    {
        var counter = new CounterFactory();
        _extensions.Add(Toy("log"));
        _extensions.Add(counter);
        _extensions.Add(Toy("second", "second; a=1"));
        var primary = new FakePrimaryHandler();

        using HttpResponseMessage first = await SendAsync(primary), second = await SendAsync(primary);

        Assert.All(primary.Requests, request => Assert.Equal("x-counter; strict, x-counter, second; a=1", FakePrimaryHandler.Value(request, "Sec-WebSocket-Extensions")));
        Assert.Equal([1, 1], counter.Made.Select(extension => extension.Disposals)); // the server accepted none
        Assert.Equal(["log"], TakenFrom(first).Extensions!.Extensions.Select(extension => extension.Name));
    }

    [Fact]
    public async Task A_raw_session_has_none()
    {
        _extensions.Add(new CounterFactory());
        _request.IsRaw = true;
        var primary = new FakePrimaryHandler();

        using HttpResponseMessage answer = await SendAsync(primary);

        Assert.Null(FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Extensions"));
        Assert.Null(TakenFrom(answer).Extensions);
    }

    [Fact]
    public async Task What_the_server_accepts_is_active_in_its_order_and_keeps_what_was_agreed()
    {
        var counter = new CounterFactory();
        _extensions.AddRange([counter, Toy("second", "second"), Toy("third", "third")]);

        using HttpResponseMessage answer = await SendAsync(Accepting("third", "x-counter; strict"));

        ExtensionChain chain = TakenFrom(answer).Extensions!;
        Assert.Equal(["third", "x-counter"], chain.Extensions.Select(extension => extension.Name));
        Assert.Equal("x-counter; strict", Assert.Single(counter.Made).Accepted!.ToString());
        chain.Release();
        Assert.Equal(1, counter.Made[0].Disposals);
    }

    [Theory]
    [InlineData("permessage-deflate")]
    [InlineData("log")]
    [InlineData("X-COUNTER")]
    [InlineData("x-counter, x-counter; strict")]
    [InlineData("x-counter; strict=secret")]
    [InlineData("x-counter; secret")]
    [InlineData("x-counter;")]
    [InlineData("")]
    public async Task An_illegal_answer_fails_the_handshake_and_leaves_nothing_behind(string answer)
    {
        var counter = new CounterFactory();
        _extensions.AddRange([Toy("log"), counter]);
        var stream = new MemoryStream();

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(Accepting(stream, answer)));

        Assert.Equal(HandshakeCheck.Extensions, error.Check);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, error.StatusCode);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(counter.Made).Disposals);
        Assert.False(stream.CanRead);
    }

    [Theory]
    [InlineData("1.1", "x-counter", null)]
    [InlineData("1.1", "X-COUNTER;", "ExtensionNameCase, TrailingSemicolon")]
    [InlineData("1.0", "", "Http10, EmptyExtensions")]
    public async Task Leniently_a_listed_fault_is_overlooked_and_one_warning_is_logged(string version, string answer, string? leniencies)
    {
        _strictness = HandshakeStrictness.Lenient;
        _extensions.Add(new CounterFactory());
        var logs = new ListLogger();
        var primary = new FakePrimaryHandler(request =>
        {
            HttpResponseMessage response = FakePrimaryHandler.Upgrade(request);
            response.Version = Version.Parse(version);
            response.Headers.TryAddWithoutValidation("Sec-WebSocket-Extensions", answer);
            return response;
        });

        using HttpResponseMessage opened = await SendAsync(primary, logger: logs);

        Assert.Equal(answer.Length > 0, TakenFrom(opened).Extensions is not null);
        Assert.Equal(leniencies is null ? [10, 15] : [10, 16, 15], logs.Entries.Select(entry => entry.Id));
        if (leniencies is not null)
            Assert.Contains($"against the RFC: {leniencies}.", logs.Entries[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_extension_that_throws_at_the_answer_fails_the_handshake_and_a_factory_that_throws_sends_nothing()
    {
        var cause = new FormatException();
        _extensions.Add(new ToyFactory("a", () => new Judging(cause)));
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => SendAsync(Accepting("a")));
        Assert.Equal((HandshakeCheck.Extensions, cause), (error.Check, error.InnerException));

        _extensions[0] = new ToyFactory("a", () => throw cause);
        var primary = new FakePrimaryHandler();
        Assert.Same(cause, await Assert.ThrowsAsync<FormatException>(() => SendAsync(primary)));
        Assert.Empty(primary.Requests);
    }

    [Fact]
    public async Task A_handshake_that_fails_otherwise_and_a_connection_that_nobody_takes_dispose_them()
    {
        var counter = new CounterFactory();
        _extensions.Add(counter);

        using (await SendAsync(new FakePrimaryHandler(_ => new HttpResponseMessage(HttpStatusCode.Forbidden))))
            Assert.Equal(1, counter.Made[0].Disposals);
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(new FakePrimaryHandler(_ => throw new HttpRequestException())));
        Assert.Equal(1, counter.Made[1].Disposals);
        HttpResponseMessage untaken = await SendAsync(Accepting("x-counter"));
        Assert.Equal(0, counter.Made[2].Disposals);
        untaken.Dispose();
        Assert.Equal(1, counter.Made[2].Disposals);
    }

    private void Ask(Version version, HttpVersionPolicy policy) => (_request.Version, _request.VersionPolicy) = (version, policy);

    private static OpenedConnection TakenFrom(HttpResponseMessage answer) => Assert.IsType<OpenedContent>(answer.Content).TryTake()!;

    private static ToyFactory Toy(string name, params string[] offers) => new(name, () => new ToyExtension { Offered = [.. offers.SelectMany(WebSocketExtensionHeader.ParseList)] });

    private static FakePrimaryHandler Accepting(params string[] extensions) => Accepting(new MemoryStream(), extensions);

    private static FakePrimaryHandler Accepting(Stream stream, params string[] extensions) => new(request =>
    {
        HttpResponseMessage response = FakePrimaryHandler.Upgrade(request, stream);
        foreach (string extension in extensions)
            response.Headers.TryAddWithoutValidation("Sec-WebSocket-Extensions", extension);
        return response;
    });

    private sealed class Judging(Exception error) : WebSocketExtension
    {
        public override IReadOnlyList<WebSocketExtensionHeader> Offers => [new("a")];

        public override bool TryAccept(WebSocketExtensionHeader answer, [NotNullWhen(false)] out string? reason) => throw error;
    }

    private async Task<HttpResponseMessage> SendAsync(FakePrimaryHandler primary, IEnumerable<string>? subprotocols = null, ListLogger? logger = null)
    {
        using var invoker = new HttpMessageInvoker(primary, disposeHandler: false);
        var plugin = new EnginePlugin(invoker.SendAsync, () => null, subprotocols ?? [], _extensions, _strictness, logger is null ? NullLogger.Instance : logger, TimeProvider.System, _stopping.Token);
        return await new HttpEngine().OpenAsync(plugin, _marker, _request, _deadline, _caller.Token).Soon();
    }
}
