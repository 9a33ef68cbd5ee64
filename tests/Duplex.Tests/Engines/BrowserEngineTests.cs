using System.Reflection;
using System.Runtime.Versioning;

namespace Duplex.Tests;

/// <summary>What does not need a browser. The rest is in Duplex.Browser.Tests.</summary>
public sealed class BrowserEngineTests : IDisposable
{
    private readonly FakePageSocket _page = new();
    private FakePageSocket? _created;
    private int _connects;

    public void Dispose() => _page.Dispose();

    [Fact]
    [KtorParity("engine/JS")]
    public async Task A_socket_of_the_browser_is_a_session()
    {
        using HttpClient client = Client();

        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();
        await _page.UntilReceiving();
        _page.Give("hello"u8);
        string? text = await session.ReceiveTextAsync().Soon();

        Assert.Equal(("hello", "Browser"), (text, session.Call.Engine.Name));
        Assert.Null(session.Call.Response);
    }

    [Fact]
    public async Task Our_codes_are_sent_as_a_page_may_send_them()
    {
        using HttpClient client = Client();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();

        Task<CloseResult> closing = session.CloseAsync(CloseCode.GoingAway, "bye");
        await Patience.Until(() => !_page.Calls.IsEmpty && session.BufferedBytes == 0); // no event of a page comes within a call
        await _page.UntilReceiving();
        _page.Events.Closed(3001, "bye");
        CloseResult end = await closing.Soon();

        Assert.Contains("Close 3001 bye", _page.Calls);
        Assert.True(end.WasClean, end.ToString());
    }

    [Fact]
    public async Task A_page_is_told_what_to_look_at_when_the_browser_fails()
    {
        var cause = new InvalidOperationException("An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.");
        using HttpClient client = Client(_ => throw cause);

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("ws://host.test/").Soon());

        Assert.Equal(HandshakeCheck.Transport, error.Check);
        Assert.Contains("developer tools", error.Message, StringComparison.Ordinal);
        Assert.Same(cause, error.InnerException);
    }

    public static TheoryData<string, Action<WebSocketsOptions>> Options => new()
    {
        { "pings", ws => ws.PingInterval = TimeSpan.FromSeconds(1) },
        { "pings", ws => ws.PingTimeout = TimeSpan.FromSeconds(1) },
        { "MaxMessageSize", ws => ws.MaxFrameSize = 1 },
        { "MaxMessageSize", ws => ws.MaxFragments = 1 },
        { "UTF-8", ws => ws.TextValidation = TextValidation.Lenient },
        { "response", ws => ws.HandshakeStrictness = HandshakeStrictness.Lenient },
    };

    [Theory, MemberData(nameof(Options), DisableDiscoveryEnumeration = true)]
    public void An_option_that_a_page_cannot_have_is_refused_in_words_for_a_browser(string word, Action<WebSocketsOptions> set)
    {
        var error = Assert.Throws<NotSupportedException>(() => Client(set: set).Dispose());

        Assert.Contains(word, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("WebSocketEngines.Http", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, Action<WebSocketRequest>> Requests => new()
    {
        { "AddTokenToQuery", request => request.Headers.Add("Authorization", "Bearer secret") },
        { "HTTP version", request => request.Version = new Version(2, 0) },
        { "compression", request => request.Compression = new PerMessageDeflateOptions() },
        { "compression", request => request.Compression = null },
    };

    [Theory, MemberData(nameof(Requests), DisableDiscoveryEnumeration = true)]
    public async Task A_request_that_a_page_cannot_make_is_refused_before_connecting(string word, Action<WebSocketRequest> set)
    {
        using HttpClient client = Client();

        var error = await Assert.ThrowsAsync<NotSupportedException>(() => client.WebSocketSessionAsync("ws://host.test/", set).Soon());

        Assert.Contains(word, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _connects);
    }

    [Fact]
    public async Task An_installed_compression_and_a_raw_session_are_refused_too()
    {
        using HttpClient compressing = Client(set: ws => ws.Extensions.InstallPerMessageDeflate()), plain = Client();

        var compression = await Assert.ThrowsAsync<NotSupportedException>(() => compressing.WebSocketSessionAsync("ws://host.test/").Soon());
        var raw = await Assert.ThrowsAsync<NotSupportedException>(() => plain.WebSocketRawSessionAsync("ws://host.test/").Soon());

        Assert.Contains("compression", compression.Message, StringComparison.Ordinal);
        Assert.Contains("pings", raw.Message, StringComparison.Ordinal);
        Assert.Equal(0, _connects);
    }

    // The compiler warns about such a member in a project for the browser (CA1416).
    [Theory]
    [InlineData(typeof(WebSocketsOptions), "set_PingInterval", "set_PingTimeout", "set_MaxFrameSize", "set_MaxFragments", "set_TextValidation", "set_HandshakeStrictness")]
    [InlineData(typeof(WebSocketExtensionsOptions), "InstallPerMessageDeflate")]
    [InlineData(typeof(WebSocketRequest), "Headers", "set_Version", "set_VersionPolicy", "set_Compression")]
    [InlineData(typeof(WebSocketSession), "set_MaxFrameSize")]
    [InlineData(typeof(DefaultWebSocketSession), "PingAsync")]
    [InlineData(typeof(WebSocketEngines), "Http")]
    [InlineData(typeof(WebSocketsHttpClientExtensions), "WebSocketRawAsync", "WebSocketRawSessionAsync")]
    [InlineData(typeof(Ktor.KtorHttpClientExtensions), "WsRawAsync", "WsRawSessionAsync", "WssRawAsync", "WssRawSessionAsync", "WebSocketRawAsync", "WebSocketRawSessionAsync")]
    public void What_a_page_cannot_use_is_marked_for_the_compiler(Type type, params string[] names)
    {
        MemberInfo[] all = type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly);
        MemberInfo[] marked = [.. all.Where(member => member.GetCustomAttributes<UnsupportedOSPlatformAttribute>().Any(attribute => attribute.PlatformName == "browser"))];

        Assert.Equal(names.Order(StringComparer.Ordinal), marked.Select(member => member.Name).Distinct().Order(StringComparer.Ordinal));
        Assert.All(marked, one => Assert.Equal(all.Count(member => member.Name == one.Name), marked.Count(member => member.Name == one.Name)));
    }

    [Fact]
    public async Task Elsewhere_the_engine_says_that_it_needs_a_browser()
    {
#pragma warning disable CA1416 // that is the test
        using var client = new HttpClient(new WebSocketsHandler(ws => ws.Engine = WebSocketEngines.Browser));
#pragma warning restore CA1416

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync("ws://host.test/").Soon());

        Assert.Contains("in a browser only", Assert.IsType<PlatformNotSupportedException>(error.InnerException).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_that_cannot_connect_is_a_handshake_that_failed()
    {
        using HttpClient client = Client(_ => new FakePageSocket { OpensAtOnce = false });

        Task opening = client.WebSocketSessionAsync("ws://host.test/").Soon();
        _created!.Events.Closed(1006, "");

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening);
        Assert.Contains("connect-src", error.Message, StringComparison.Ordinal);
    }

    private HttpClient Client(Func<WebSocketRequest, FakePageSocket>? create = null, Action<WebSocketsOptions>? set = null) =>
        new(new WebSocketsHandler(ws =>
        {
            ws.Engine = new BrowserEngine(request =>
            {
                _connects++;
                return _created = create?.Invoke(request) ?? _page;
            });
            set?.Invoke(ws);
        }));
}
