using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Duplex.Tests;

public sealed class TransportRefusalTests
{
    public static TheoryData<HttpRequestError, bool, string> Kinds => new()
    {
        { HttpRequestError.ConnectionError, false, nameof(HandshakeRefusals.Unreachable) },
        { HttpRequestError.ConnectionError, true, nameof(HandshakeRefusals.ProxyUnreachable) },
        { HttpRequestError.NameResolutionError, false, nameof(HandshakeRefusals.UnknownHost) },
        { HttpRequestError.NameResolutionError, true, nameof(HandshakeRefusals.ProxyUnreachable) },
        { HttpRequestError.SecureConnectionError, false, nameof(HandshakeRefusals.NoTls) },
        { HttpRequestError.SecureConnectionError, true, nameof(HandshakeRefusals.NoTls) }, // the tunnel is there
        { HttpRequestError.InvalidResponse, false, nameof(HandshakeRefusals.NoHttp) },
        { HttpRequestError.InvalidResponse, true, nameof(HandshakeRefusals.EndedThroughProxy) },
        { HttpRequestError.ResponseEnded, false, nameof(HandshakeRefusals.Ended) },
        { HttpRequestError.ResponseEnded, true, nameof(HandshakeRefusals.EndedThroughProxy) },
        { HttpRequestError.ConfigurationLimitExceeded, false, nameof(HandshakeRefusals.TooLong) },
        { HttpRequestError.ProxyTunnelError, true, nameof(HandshakeRefusals.ProxyBreaks) },
        { HttpRequestError.VersionNegotiationError, false, nameof(HandshakeRefusals.Broken) },
        { HttpRequestError.Unknown, false, nameof(HandshakeRefusals.Broken) },
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Each_kind_of_error_has_its_row_and_stays_inside(HttpRequestError kind, bool throughProxy, string row)
    {
        var cause = new HttpRequestException(kind, "no");

        WebSocketHandshakeException error = TransportRefusal.Of(cause, throughProxy);

        HandshakeRefusal expected = HandshakeRefusals.All.Single(one => one.Name == row);
        Assert.Equal(expected.Check, error.Check);
        Assert.StartsWith(expected.Finding.Split('{')[0], error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("{", error.Message, StringComparison.Ordinal);
        Assert.Same(cause, error.InnerException);
    }

    [Fact]
    public void The_systems_words_are_told_and_no_others()
    {
        var refused = new HttpRequestException(HttpRequestError.ConnectionError, "secret", new SocketException((int)SocketError.ConnectionRefused));
        var untrusted = new HttpRequestException(HttpRequestError.SecureConnectionError, "secret", new AuthenticationException("The certificate is invalid."));
        var other = new IOException("secret", new InvalidOperationException("secret"));

        Assert.Equal($"ConnectionError: {new SocketException((int)SocketError.ConnectionRefused).Message}", TransportRefusal.Kind(refused));
        Assert.Equal("SecureConnectionError: The certificate is invalid", TransportRefusal.Kind(untrusted));
        Assert.Equal("IOException", TransportRefusal.Kind(other));
        Assert.Contains(TransportRefusal.Kind(refused), TransportRefusal.Of(refused, throughProxy: false).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_handler_has_made_of_it_is_inside_instead()
    {
        var thrown = new IOException("again", new HttpRequestException(HttpRequestError.ProxyTunnelError, "no", null, HttpStatusCode.Forbidden));

        WebSocketHandshakeException error = TransportRefusal.Of(thrown.InnerException!, throughProxy: true, thrown);

        Assert.Same(thrown, error.InnerException);
        Assert.Equal((HandshakeCheck.Proxy, HttpStatusCode.Forbidden), (error.Check, error.StatusCode));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_certificate_that_is_not_trusted_has_a_row_of_its_own(bool throughProxy)
    {
        var cause = new HttpRequestException(HttpRequestError.SecureConnectionError, "no", new UntrustedCertificateException("RemoteCertificateNameMismatch"));
        var thrown = new IOException("again", cause);

        WebSocketHandshakeException error = TransportRefusal.Of(cause, throughProxy, thrown);

        Assert.Equal(HandshakeCheck.Certificate, error.Check);
        Assert.Contains("(RemoteCertificateNameMismatch)", error.Message, StringComparison.Ordinal);
        Assert.Same(thrown, error.InnerException);
    }

    [Fact]
    public void A_proxys_refusal_is_found_however_deep_and_no_other_is_taken_for_one()
    {
        var proxys = new HttpRequestException(HttpRequestError.ProxyTunnelError, "no");

        Assert.Same(proxys, TransportRefusal.FindProxys(new IOException("a", new InvalidOperationException("b", proxys))));
        Assert.Null(TransportRefusal.FindProxys(new HttpRequestException("no", null, HttpStatusCode.ProxyAuthenticationRequired)));
        Assert.Null(TransportRefusal.FindProxys(null));
    }

    [Fact]
    public void A_status_is_told_by_number_and_name_if_it_has_one()
    {
        Assert.Equal("407 ProxyAuthenticationRequired", TransportRefusal.Describe(HttpStatusCode.ProxyAuthenticationRequired));
        Assert.Equal("599", TransportRefusal.Describe((HttpStatusCode)599));
    }
}
