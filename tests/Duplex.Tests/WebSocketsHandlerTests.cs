using System.Net;

namespace Duplex.Tests;

public sealed class WebSocketsHandlerTests
{
    private const string Url = "ws://host.test/path";

    [Fact]
    [KtorParity("options/HttpClientConfig.WebSockets")]
    public async Task Ordinary_requests_pass_through_untouched()
    {
        var expected = new HttpResponseMessage(HttpStatusCode.NoContent);
        var primary = new FakePrimaryHandler(_ => expected);
        using var client = new HttpClient(new WebSocketsHandler(primary));
        var request = new HttpRequestMessage(HttpMethod.Post, "http://host.test/") { Content = new StringContent("x") };
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");

        Assert.Same(expected, await client.SendAsync(request));
        Assert.Same(request, primary.Request);
    }

    [Fact]
    public void Ordinary_synchronous_requests_pass_through_untouched()
    {
        var expected = new HttpResponseMessage(HttpStatusCode.NoContent);
        using var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler(_ => expected)));

        Assert.Same(expected, client.Send(new HttpRequestMessage(HttpMethod.Get, "http://host.test/")));
    }

    [Fact]
    public void A_handshake_by_the_synchronous_send_is_refused()
    {
        var primary = new FakePrimaryHandler();
        using var invoker = new HttpMessageInvoker(new WebSocketsHandler(primary));
        using var attempt = new HandshakeAttempt(new WebSocketRequest());

        Assert.Contains("SendAsync", Assert.Throws<NotSupportedException>(() => invoker.Send(attempt.CreateMarker(new Uri(Url)), CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Empty(primary.Requests);
    }

    [Fact]
    [KtorParity("options/install-WebSockets")]
    public async Task An_inner_handler_may_be_given_until_the_first_request()
    {
        var primary = new FakePrimaryHandler();
        var handler = new WebSocketsHandler();
        Assert.Null(handler.InnerHandler);
        handler.InnerHandler = primary; // as IHttpClientFactory does
        using var client = new HttpClient(handler);

        await ConnectAsync(client);

        Assert.Same(primary, handler.InnerHandler);
        Assert.Single(primary.Requests);
    }

    [Fact]
    public async Task Without_an_inner_handler_it_makes_one_at_the_first_request_that_follows_redirects_as_any_clients_does()
    {
        var handler = new WebSocketsHandler();
        using var client = new HttpClient(handler);

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client, "ws://127.0.0.1:1/"));

        Assert.True(Assert.IsType<SocketsHttpHandler>(handler.InnerHandler).AllowAutoRedirect);
    }

    public static TheoryData<HttpMessageHandler> Redirecting =>
    [
        new SocketsHttpHandler(),
        new HttpClientHandler(),
        new UserHandler((request, next) => next(request)) { InnerHandler = new UserHandler((request, next) => next(request)) { InnerHandler = new SocketsHttpHandler() } },
    ];

    [Theory, MemberData(nameof(Redirecting))]
    public async Task An_inner_handler_that_follows_redirects_is_refused_before_any_traffic_with_the_cure(HttpMessageHandler inner)
    {
        using var client = new HttpClient(new WebSocketsHandler(inner));

        // The address is one where nobody listens: a connection would end in another exception.
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client, "ws://127.0.0.1:1/"));

        Assert.Contains("AllowAutoRedirect", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inner_handler_that_does_not_is_used()
    {
        foreach (HttpMessageHandler primary in new HttpMessageHandler[] { new SocketsHttpHandler { AllowAutoRedirect = false }, new HttpClientHandler { AllowAutoRedirect = false } })
        {
            using var client = new HttpClient(new WebSocketsHandler(primary));

            Assert.Equal(HandshakeCheck.Transport, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client, "ws://127.0.0.1:1/"))).Check);
        }
    }

    [Fact]
    public async Task Two_plugins_in_one_chain_make_one_handshake()
    {
        var primary = new FakePrimaryHandler();
        var outer = new WebSocketsOptions { MaxFragments = 7 };
        using var client = new HttpClient(new WebSocketsHandler(new WebSocketsHandler(primary), outer));

        (OpenedConnection _, WebSocketsOptions options) = await ConnectAsync(client);

        Assert.Equal(7, options.MaxFragments);
        Assert.Single(primary.Requests);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Two_plugins_whose_lower_one_makes_its_own_handler_are_refused_before_any_traffic_each_time(bool isUsedBefore)
    {
        using var lower = new WebSocketsHandler();
        if (isUsedBefore)
        {
            using var ordinary = new HttpMessageInvoker(lower, disposeHandler: false);
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => ordinary.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://127.0.0.1:1/"), CancellationToken.None));
        }

        using var client = new HttpClient(new WebSocketsHandler(lower));

        for (int i = 0; i < 2; i++)
            Assert.Contains("Remove one", (await Assert.ThrowsAsync<InvalidOperationException>(() => ConnectAsync(client))).Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("plugin/WEBSOCKETS-KEY")]
    public async Task The_real_request_bears_no_trace_of_the_marker()
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary));

        await ConnectAsync(client);

        Assert.Empty(primary.Request.Options);
    }

    [Fact]
    [KtorParity("options/no-timeout-handshake-timeout-close-timeout")]
    public async Task The_options_subprotocols_are_offered()
    {
        var primary = new FakePrimaryHandler();
        using var client = new HttpClient(new WebSocketsHandler(primary, options => options.Subprotocols.Add("mine")));

        await ConnectAsync(client);

        Assert.Equal("mine", FakePrimaryHandler.Value(primary.Request, "Sec-WebSocket-Protocol"));
    }

    [Fact]
    public async Task The_handshake_timeout_runs_by_the_options_clock_and_over_all_tries()
    {
        var time = new TestClock();
        var asked = new SemaphoreSlim(0);
        var primary = new FakePrimaryHandler((request, token) =>
        {
            asked.Release();
            var never = new TaskCompletionSource<HttpResponseMessage>();
            if (FakePrimaryHandler.Value(request, "X-Try") is null)
                never.SetResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
            else
                token.Register(() => never.TrySetCanceled(token));
            return never.Task;
        });
        using var client = new HttpClient(new UserHandler(async (request, next) =>
        {
            (await next(request)).Dispose();
            time.Advance(TimeSpan.FromSeconds(2));
            request.Headers.Add("X-Try", "2");
            return await next(request);
        })
        { InnerHandler = new WebSocketsHandler(primary, options => (options.TimeProvider, options.HandshakeTimeout) = (time, TimeSpan.FromSeconds(3))) });

        Task connecting = ConnectAsync(client);
        Assert.True(await asked.WaitAsync(Patience.Limit));
        Assert.True(await asked.WaitAsync(Patience.Limit));
        time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon());
        Assert.Equal(HandshakeCheck.Timeout, error.Check);
        Assert.Contains("3 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_it_ends_handshakes_in_progress_and_disposes_its_inner_handler()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var primary = new FakePrimaryHandler((_, _) =>
        {
            asked.SetResult();
            return new TaskCompletionSource<HttpResponseMessage>().Task;
        });
        var handler = new WebSocketsHandler(primary);
        using var client = new HttpClient(handler);

        Task connecting = ConnectAsync(client);
        await asked.Task.Soon();
        handler.Dispose();

        Assert.Equal(HandshakeCheck.Disposed, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.Soon())).Check);
        Assert.True(primary.IsDisposed);
        Assert.Equal(HandshakeCheck.Disposed, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(client))).Check);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetAsync(new Uri("http://host.test/")));
    }

    [Fact]
    public async Task Disposing_it_leaves_what_it_opened_alone()
    {
        HttpResponseMessage? inner = null;
        var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler(request => inner = FakePrimaryHandler.Upgrade(request))));
        await ConnectAsync(client);

        client.Dispose();

        Assert.False(((ConnectionContent)inner!.Content).IsDisposed);
    }

    [Fact]
    public void What_it_needs_cannot_be_null()
    {
        Assert.Throws<ArgumentNullException>("options", () => new WebSocketsHandler((WebSocketsOptions)null!));
        Assert.Throws<ArgumentNullException>("innerHandler", () => new WebSocketsHandler(null!, new WebSocketsOptions()));
        Assert.Throws<ArgumentNullException>("innerHandler", () => new WebSocketsHandler((HttpMessageHandler)null!));
    }

    private static Task<(OpenedConnection Connection, WebSocketsOptions Options)> ConnectAsync(HttpClient client, string url = Url) =>
        Opening.ConnectAsync(client, new Uri(url), null, CancellationToken.None).Soon();
}
