namespace Duplex.Tests;

public sealed class HttpVersionsTests
{
    [Theory]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionExact, "1.1", "1.1")]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrLower, "1.1", "1.1")]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrHigher, "2.0 1.1", "1.1")]
    [InlineData("1.0", HttpVersionPolicy.RequestVersionOrHigher, "2.0 1.1", "1.1")]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionExact, "2.0", "2.0")]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrLower, "2.0 1.1", "1.1")]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrHigher, "2.0 1.1", "2.0 1.1")]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionOrLower, "2.0 1.1", "1.1")]
    public void Version_and_policy_decide_what_is_tried(string version, HttpVersionPolicy policy, string withTls, string plain)
    {
        Assert.Equal(withTls, string.Join(' ', HttpVersions.ToTry(Version.Parse(version), policy, isSecure: true)));
        Assert.Equal(plain, string.Join(' ', HttpVersions.ToTry(Version.Parse(version), policy, isSecure: false)));
    }

    [Theory]
    [InlineData("1.0", HttpVersionPolicy.RequestVersionExact)]
    [InlineData("1.0", HttpVersionPolicy.RequestVersionOrLower)]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionExact)]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionOrHigher)]
    public void What_excludes_both_versions_is_refused(string version, HttpVersionPolicy policy)
    {
        var error = Assert.Throws<ArgumentException>(() => HttpVersions.ToTry(Version.Parse(version), policy, isSecure: true));
        Assert.Contains(version, error.Message, StringComparison.Ordinal);
        Assert.Contains("1.1 or 2.0", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<Exception> Missing =>
    [
        new HttpRequestException(HttpRequestError.ExtendedConnectNotSupported),
        new HttpRequestException(HttpRequestError.VersionNegotiationError),
        new HttpProtocolException(13, "", null),
        new HttpRequestException(HttpRequestError.HttpProtocolError, "", new HttpProtocolException(13, "", null)),
        new HttpRequestException(HttpRequestError.SecureConnectionError) { Data = { ["HTTP2_ENABLED"] = false } },
    ];

    [Theory, MemberData(nameof(Missing), DisableDiscoveryEnumeration = true)]
    public void An_error_that_means_not_here_is_known(Exception error)
    {
        Assert.True(HttpVersions.IsHttp2Missing(error, isSecure: true));
        Assert.True(HttpVersions.IsHttp2Missing(error, isSecure: false));
    }

    public static TheoryData<Exception> MissingWithoutTls =>
    [
        new HttpProtocolException(1, "", null),
        new HttpIOException(HttpRequestError.InvalidResponse),
        new HttpRequestException("An HTTP/2 connection could not be established."),
    ];

    [Theory, MemberData(nameof(MissingWithoutTls), DisableDiscoveryEnumeration = true)]
    public void What_an_answer_in_HTTP_1_1_causes_means_it_only_without_tls(Exception error)
    {
        Assert.False(HttpVersions.IsHttp2Missing(error, isSecure: true));
        Assert.True(HttpVersions.IsHttp2Missing(error, isSecure: false));
    }

    public static TheoryData<Exception> Other =>
    [
        new HttpRequestException(HttpRequestError.ConnectionError),
        new HttpRequestException(HttpRequestError.SecureConnectionError),
        new HttpRequestException(HttpRequestError.HttpProtocolError, "", new HttpProtocolException(8, "", null)),
        new HttpRequestException(HttpRequestError.ResponseEnded),
        new HttpRequestException("a status", null, System.Net.HttpStatusCode.Forbidden),
        new HttpRequestException("another reason", new IOException()),
        new OperationCanceledException("the caller's", new HttpProtocolException(13, "", null)),
        new HttpRequestException("its certificate", new UntrustedCertificateException("")) { Data = { ["HTTP2_ENABLED"] = false } },
        new WebSocketHandshakeException("a handler's own", new HttpProtocolException(13, "", null)),
    ];

    [Theory, MemberData(nameof(Other), DisableDiscoveryEnumeration = true)]
    public void Another_error_is_not_taken_for_it(Exception error) => Assert.False(HttpVersions.IsHttp2Missing(error, isSecure: false));
}
