using System.Net.Security;

namespace Duplex.Tests;

public sealed class UntrustedCertificateExceptionTests
{
    [Fact]
    public void A_certificate_is_accepted_exactly_if_it_has_no_errors()
    {
        for (int errors = 0; errors <= 15; errors++)
        {
            Exception? error = Record.Exception(() => Assert.True(UntrustedCertificateException.Check(this, null, null, (SslPolicyErrors)errors)));

            Assert.Equal(errors == 0, error is null);
            Assert.True(error is null or UntrustedCertificateException, $"{error}");
        }
    }

    [Fact]
    public void The_errors_are_named()
    {
        var error = Assert.Throws<UntrustedCertificateException>(() => UntrustedCertificateException.Check(this, null, null, SslPolicyErrors.RemoteCertificateNameMismatch));

        Assert.Equal("RemoteCertificateNameMismatch", error.Reason);
        Assert.Equal("The server's certificate is not trusted: RemoteCertificateNameMismatch.", error.Message);
    }

    [Fact]
    public void It_is_found_inside_another()
    {
        var untrusted = new UntrustedCertificateException("");

        Assert.Same(untrusted, UntrustedCertificateException.Find(new HttpRequestException("", new IOException("", untrusted))));
        Assert.Same(untrusted, UntrustedCertificateException.Find(untrusted));
        Assert.Null(UntrustedCertificateException.Find(new IOException()));
        Assert.Null(UntrustedCertificateException.Find(null));
    }
}
