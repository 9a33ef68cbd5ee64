using System.Net.Security;
using System.Runtime.Versioning;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Duplex;

/// <summary>A server's certificate that <see cref="Check"/> does not accept.</summary>
/// <remarks>
/// The platform's own exception has the same type as that of a server without TLS. A record of failures beside the
/// exception could not say which of several attempts it belongs to.
/// </remarks>
[UnsupportedOSPlatform("browser")]
internal sealed class UntrustedCertificateException(string reason)
    : AuthenticationException($"The server's certificate is not trusted: {reason}.")
{
    /// <summary>The errors in the platform's words. They contain nothing of the certificate.</summary>
    public string Reason => reason;

    /// <summary>
    /// A <see cref="RemoteCertificateValidationCallback"/> that accepts what the platform accepts without one: a
    /// certificate that has no errors.
    /// </summary>
    /// <exception cref="UntrustedCertificateException">There are errors. TLS then fails, as if it returned false.
    /// </exception>
    public static bool Check(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None ? true : throw new UntrustedCertificateException(Describe(chain, errors));

    /// <summary>The one in an exception; null if there is none.</summary>
    public static UntrustedCertificateException? Find(Exception? error)
    {
        while (error is not (null or UntrustedCertificateException))
            error = error.InnerException;
        return (UntrustedCertificateException?)error;
    }

    private static string Describe(X509Chain? chain, SslPolicyErrors errors)
    {
        X509ChainStatusFlags[] flags = errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && chain is not null
            ? [.. chain.ChainStatus.Select(status => status.Status).Distinct()]
            : [];
        return flags.Length == 0 ? $"{errors}" : $"{errors} ({string.Join(", ", flags)})";
    }
}
