namespace Duplex.Tests;

public sealed class WebSocketUriTests
{
    [Theory]
    [InlineData("ws://host/p?q=1", "ws://host/p?q=1")]
    [InlineData("wss://host/p", "wss://host/p")]
    [InlineData("http://host/p", "ws://host/p")]
    [InlineData("https://host/p", "wss://host/p")]
    [InlineData("http://host:80/", "ws://host/")]
    [InlineData("https://host:80/", "wss://host:80/")]
    [InlineData("http://host:443/", "ws://host:443/")]
    [InlineData("HTTP://HOST/", "ws://host/")]
    [InlineData("http://[::1]:8080/p", "ws://[::1]:8080/p")]
    [InlineData("http://host/a%2Fb%20c?d=%26&e=ä", "ws://host/a%2Fb%20c?d=%26&e=%C3%A4")]
    [InlineData("ws://my_service:8080/", "ws://my_service:8080/")]
    [InlineData("ws://host", "ws://host/")]
    [KtorParity("http/URLProtocol.WS-URLProtocol.WSS-isWebsocket")]
    public void An_absolute_url_becomes_ws_or_wss_and_else_stays_as_it_is(string url, string expected) =>
        Assert.Equal(expected, WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), null).AbsoluteUri);

    [Theory]
    [InlineData("http://host/base/", "echo", "ws://host/base/echo")]
    [InlineData("https://host/base/", "/echo", "wss://host/echo")]
    [InlineData("https://host:8443/base/", "?q=1", "wss://host:8443/base/?q=1")]
    [InlineData("ws://host/", "//other/p", "ws://other/p")]
    public void A_relative_url_is_put_on_the_base_address_before_it_is_mapped(string baseAddress, string url, string expected) =>
        Assert.Equal(expected, WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), new Uri(baseAddress)).AbsoluteUri);

    [Theory]
    [InlineData("ws://host/p?q=1", "http://host/p?q=1")]
    [InlineData("wss://host:80/p", "https://host:80/p")]
    [InlineData("ws://[fe80::1%251]:5/p", "http://[fe80::1]:5/p")]
    [InlineData("https+http://feed/p", "https+http://feed/p")]
    public void Handlers_above_the_plugin_see_a_url_of_http(string url, string expected) =>
        Assert.Equal(expected, WebSocketUri.ToHttpScheme(new Uri(url)).AbsoluteUri);

    [Theory]
    [InlineData("https+http://feed/p", null, "https+http://feed/p")]
    [InlineData("/p", "https+http://feed", "https+http://feed/p")]
    [InlineData("http+https://_live.feed/p", null, "http+https://_live.feed/p")]
    public void A_services_name_stays_until_a_handler_resolves_it(string url, string? baseAddress, string expected)
    {
        Uri? on = baseAddress is null ? null : new Uri(baseAddress);
        Uri uri = WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), on, mayNameService: true);

        Assert.Equal(expected, uri.AbsoluteUri);
        var error = Assert.Throws<ArgumentException>(() => WebSocketUri.Resolve(uri, null));
        Assert.Contains("service discovery", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws+unix:///run/app.sock:/chat?q=1", null, "ws+unix:/run/app.sock:/chat?q=1")]
    [InlineData("ws+npipe:app", null, "ws+npipe:app:/")]
    [InlineData("chat?q=1", "ws+unix:/run/app.sock:/api/", "ws+unix:/run/app.sock:/api/chat?q=1")]
    [InlineData("/chat", "ws+unix:/run/app.sock:/api/", "ws+unix:/run/app.sock:/chat")]
    [InlineData("ws+unix:/other.sock:/x", "https://host/", "ws+unix:/other.sock:/x")]
    [InlineData("ws://host/x", "ws+unix:/run/app.sock", "ws://host/x")]
    public void A_sockets_url_keeps_its_form(string url, string? baseAddress, string expected) => Assert.Equal(
        expected,
        WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), baseAddress is null ? null : new Uri(baseAddress)).OriginalString);

    [Theory]
    [InlineData("ws+unix:secret.sock:/", null, false, "is malformed")]
    [InlineData("//secret/x", "ws+unix:/run/app.sock", false, "no valid URL together")]
    [InlineData("x#secret", "ws+unix:/run/app.sock", false, "fragment")]
    [InlineData("ws+unix:/run/secret.sock:/", null, true, "without TLS")]
    [InlineData("secret", "ws+unix:/run/app.sock", true, "without TLS")]
    public void A_sockets_url_that_cannot_be_used_is_refused(string url, string? baseAddress, bool isSecureOnly, string why)
    {
        var error = Assert.Throws<ArgumentException>(() =>
            WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), baseAddress is null ? null : new Uri(baseAddress), isSecureOnly));

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_zone_of_a_link_local_address_is_kept() =>
        Assert.Equal("fe80::1%1", WebSocketUri.Resolve(new Uri("https://[fe80::1%1]:5/p"), null).IdnHost);

    [Theory, InlineData("ws://host/a/../b"), InlineData("http://host/a%2e%7e/../b")]
    public void A_uri_that_nothing_was_made_canonical_in_is_refused(string url)
    {
        var raw = new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

        var error = Assert.Throws<ArgumentException>(() => WebSocketUri.Resolve(raw, null));

        Assert.Contains("DangerousDisablePathAndQueryCanonicalization", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_its_maker_took_for_a_files_is_a_path() =>
        Assert.Equal("ws://host/echo", WebSocketUri.Resolve(new Uri("/echo", UriKind.RelativeOrAbsolute), new Uri("http://host/")).AbsoluteUri);

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("ws://")]
    [InlineData("ws:///path")]
    [InlineData("ws://a%40secret/")]
    [InlineData("ws://secret host/")]
    [InlineData("ws://host:99999/secret")]
    [InlineData("ws://a..secret/")]
    [InlineData("ws://secret%0d%0aX/")]
    public void What_is_no_url_is_refused_by_the_parser_without_repeating_it(string url)
    {
        var error = Assert.Throws<ArgumentException>(nameof(url), () => WebSocketUri.Parse(url, nameof(url)));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws://secret@host/", "user info")]
    [InlineData("ws://user:secret@host/", "user info")]
    [InlineData("http://user:secret@host/", "user info")]
    [InlineData("ws://@host/?secret", "user info")]
    [InlineData("ws://host/?q=secret#x", "fragment")]
    [InlineData("ws://host/secret#", "fragment")]
    [InlineData("http://host/#secret", "fragment")]
    [InlineData("ftp://host/secret", "scheme")]
    [InlineData("secret:password@host", "scheme")]
    [InlineData("secret:8080/path", "scheme")]
    [InlineData("ws://-secret/", "host")]
    [InlineData("/secret", "BaseAddress")]
    [InlineData("secret", "BaseAddress")]
    public void What_breaks_a_rule_is_refused_with_the_rule_and_without_repeating_the_url(string url, string rule)
    {
        var error = Assert.Throws<ArgumentException>(() => WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), null));

        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "host.test", null, null, "ws://host.test/")]
    [InlineData(true, "host.test", null, "", "wss://host.test/")]
    [InlineData(false, "host.test", 443, "/p", "ws://host.test:443/p")]
    [InlineData(true, "HOST.test", 443, "p/q?x=1", "wss://host.test/p/q?x=1")]
    [InlineData(true, "host.test", 80, "?x=/y", "wss://host.test:80/?x=/y")]
    [InlineData(false, "host.test", 65535, "//p", "ws://host.test:65535//p")]
    [InlineData(false, "host.test", 1, "a b\r\nX: ä", "ws://host.test:1/a%20b%0D%0AX:%20%C3%A4")]
    [InlineData(false, "127.0.0.1", 8080, "@p", "ws://127.0.0.1:8080/@p")]
    [InlineData(false, "::1", 8080, "p", "ws://[::1]:8080/p")]
    [InlineData(true, "[::1]", null, null, "wss://[::1]/")]
    [InlineData(false, "my_service", null, null, "ws://my_service/")]
    public void A_host_a_port_and_a_path_make_a_url(bool secure, string host, int? port, string? path, string expected) =>
        Assert.Equal(expected, WebSocketUri.Resolve(WebSocketUri.At(secure, host, port, path), null).AbsoluteUri);

    [Fact]
    public void A_host_keeps_its_zone() => Assert.Equal("fe80::1%eth0", WebSocketUri.Resolve(WebSocketUri.At(false, "fe80::1%eth0", 80, null), null).DnsSafeHost);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("secret:80")]
    [InlineData("secret/path")]
    [InlineData("ws://secret")]
    [InlineData("secret@host")]
    [InlineData("secret?")]
    [InlineData("secret#")]
    [InlineData("[::1]:80")]
    [InlineData("::1]/@secret")]
    [InlineData("a..secret")]
    [InlineData("-secret")]
    [InlineData("secret\r\nX")]
    public void What_is_no_host_alone_is_refused_without_repeating_it(string host)
    {
        var error = Assert.Throws<ArgumentException>(nameof(host), () => WebSocketUri.At(false, host, null, null));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(65536)]
    public void What_is_no_port_is_refused(int port) => Assert.Throws<ArgumentOutOfRangeException>(nameof(port), () => WebSocketUri.At(false, "host", port, null));

    [Fact]
    public void A_fragment_behind_the_path_is_refused() => Assert.Throws<ArgumentException>(() => WebSocketUri.Resolve(WebSocketUri.At(false, "host", null, "p#x"), null));

    [Theory]
    [InlineData("ws://host/p", null, false)]
    [InlineData("http://host:443/p", null, false)]
    [InlineData("p", "http://host/", false)]
    [InlineData("wss://host:80/p", null, true)]
    [InlineData("https://host/p", null, true)]
    [InlineData("p", "https://host/", true)]
    [InlineData("//other/p", "https://host/", true)]
    [InlineData("//other/p", "http://host/", false)]
    [InlineData("https+http://feed/p", null, null)] // the address that it is resolved to decides
    public void What_must_be_secure_is_refused_where_it_is_plain(string url, string? baseAddress, bool? isSecure)
    {
        Uri? on = baseAddress is null ? null : new Uri(baseAddress);
        if (isSecure is null)
            Assert.Equal(url, WebSocketUri.Resolve(new Uri(url), on, secureOnly: true, mayNameService: true).AbsoluteUri);
        else if (isSecure.Value)
            Assert.Equal("wss", WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), on, secureOnly: true).Scheme);
        else
            Assert.Contains("Wss", Assert.Throws<ArgumentException>(() => WebSocketUri.Resolve(WebSocketUri.Parse(url, "url"), on, secureOnly: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void User_info_of_the_base_address_is_refused_as_well() =>
        Assert.Throws<ArgumentException>(() => WebSocketUri.Resolve(new Uri("p", UriKind.Relative), new Uri("http://user:pass@host/")));

    [Fact]
    public void No_url_at_all_is_refused()
    {
        Assert.Throws<ArgumentNullException>("url", () => WebSocketUri.Parse(null!, "url"));
        Assert.Throws<ArgumentException>(() => WebSocketUri.Resolve(null, new Uri("http://host/")));
    }

    [Theory]
    [InlineData("ws://host/p?q", "ws://host/p?q", true)]
    [InlineData("ws://host/p", "http://host:80/p", true)]
    [InlineData("wss://host/p", "https://host/p", true)]
    [InlineData("ws://host/p", "https://host/p", false)]
    [InlineData("ws://host/p", "ws://other/p", false)]
    [InlineData("ws://host/p", "ws://host:8080/p", false)]
    [InlineData("ws://host/p?q", "ws://host/p", false)]
    [InlineData("ws://host/p", "ws://host/P", false)]
    public void Http_and_ws_name_the_same_resource(string one, string other, bool isSame)
    {
        Assert.Equal(isSame, WebSocketUri.IsSame(new Uri(one), new Uri(other)));
        Assert.Equal(isSame, WebSocketUri.IsSame(new Uri(other), new Uri(one)));
    }

    [Fact]
    public void A_relative_url_is_never_the_same() => Assert.False(WebSocketUri.IsSame(new Uri("ws://host/p"), new Uri("/p", UriKind.Relative)));
}
