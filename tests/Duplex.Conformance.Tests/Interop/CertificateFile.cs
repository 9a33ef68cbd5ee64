using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Duplex.Tests;

/// <summary>The tests' certificate and its key in a file of their own, for another program's server.</summary>
internal sealed class CertificateFile : IDisposable
{
    public CertificateFile()
    {
        using ECDsa key = LoopbackCertificate.Instance.GetECDsaPrivateKey()!;
        File.WriteAllText(Path, $"{LoopbackCertificate.Instance.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }

    public string Path { get; } = System.IO.Path.GetTempFileName();

    public void Dispose() => File.Delete(Path);
}
