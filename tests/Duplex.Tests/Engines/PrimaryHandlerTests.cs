using System.Net;

namespace Duplex.Tests;

public sealed class PrimaryHandlerTests
{
    private static readonly Uri Target = new("ws://server.test/");

    [Fact]
    public void It_is_the_one_at_the_bottom_of_the_chain()
    {
        var bottom = new SocketsHttpHandler();

        Assert.Same(bottom, PrimaryHandler.Of(new UserHandler((request, next) => next(request)) { InnerHandler = new WebSocketsHandler(bottom) }));
        Assert.Same(bottom, PrimaryHandler.Of(bottom));
        Assert.Null(PrimaryHandler.Of(new UserHandler((request, next) => next(request))));
        Assert.Null(PrimaryHandler.Of(null));
    }

    [Fact]
    public void A_proxy_is_known_of_the_platforms_handlers_unless_it_is_passed_by()
    {
        var proxy = new WebProxy("http://proxy.test:3128");

        Assert.True(PrimaryHandler.UsesProxy(new SocketsHttpHandler { Proxy = proxy }, Target));
        Assert.True(PrimaryHandler.UsesProxy(new HttpClientHandler { Proxy = proxy }, Target));
        Assert.False(PrimaryHandler.UsesProxy(new SocketsHttpHandler { Proxy = proxy, UseProxy = false }, Target));
        Assert.False(PrimaryHandler.UsesProxy(new HttpClientHandler { Proxy = proxy, UseProxy = false }, Target));
        Assert.False(PrimaryHandler.UsesProxy(new SocketsHttpHandler { Proxy = new WebProxy("http://proxy.test", BypassOnLocal: false, ["server.test"]) }, Target));
        Assert.False(PrimaryHandler.UsesProxy(new FakePrimaryHandler(), Target));
        Assert.False(PrimaryHandler.UsesProxy(null, Target));
        Assert.False(PrimaryHandler.UsesProxy(new SocketsHttpHandler { Proxy = proxy }, new Uri("ws://0123.unix.invalid/"))); // a socket of this machine
    }

    [Fact]
    public void A_proxy_that_gives_no_address_or_throws_is_none()
    {
        Assert.False(PrimaryHandler.UsesProxy(new SocketsHttpHandler { Proxy = new OwnProxy(() => null) }, Target));
        Assert.False(PrimaryHandler.UsesProxy(new SocketsHttpHandler { Proxy = new OwnProxy(() => throw new FormatException()) }, Target));
        Assert.True(PrimaryHandler.UsesProxy(new SocketsHttpHandler { Proxy = new OwnProxy(() => new Uri("http://proxy.test")) }, Target));
    }

    [Fact]
    public void Whether_it_decompresses_is_known_of_the_platforms_handlers()
    {
        Assert.True(PrimaryHandler.Decompresses(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.Brotli }));
        Assert.True(PrimaryHandler.Decompresses(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip }));
        Assert.False(PrimaryHandler.Decompresses(new SocketsHttpHandler()));
        Assert.False(PrimaryHandler.Decompresses(new HttpClientHandler()));
        Assert.False(PrimaryHandler.Decompresses(null));
    }

    [Fact]
    public void Those_for_handshakes_share_cookies_follow_no_redirects_and_check_certificates()
    {
        var cookies = new CookieContainer();

        foreach (SocketsHttpHandler handler in (SocketsHttpHandler[])[PrimaryHandler.ForHandshakes(cookies), PrimaryHandler.ForOneHandshake(cookies)])
        {
            Assert.Same(cookies, handler.CookieContainer);
            Assert.False(handler.AllowAutoRedirect);
            Assert.True(handler.EnableMultipleHttp2Connections);
            Assert.Equal(UntrustedCertificateException.Check, handler.SslOptions.RemoteCertificateValidationCallback);
        }
    }

    [Fact]
    public void That_for_one_handshake_sends_pings_over_HTTP_2_while_a_session_is_open()
    {
        using SocketsHttpHandler handler = PrimaryHandler.ForOneHandshake(new CookieContainer());

        Assert.Equal((TimeSpan.FromSeconds(30), HttpKeepAlivePingPolicy.WithActiveRequests), (handler.KeepAlivePingDelay, handler.KeepAlivePingPolicy));
    }

    private sealed class OwnProxy(Func<Uri?> address) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => address();

        public bool IsBypassed(Uri host) => false;
    }
}
