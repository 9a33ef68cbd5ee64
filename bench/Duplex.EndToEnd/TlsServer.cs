using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Duplex.Tests;

namespace Duplex.EndToEnd;

/// <summary>
/// The server of idle connections over TLS, without a thread or a large buffer for each. Its certificate is
/// self-signed.
/// </summary>
internal sealed class TlsServer
{
    private readonly SslServerAuthenticationOptions _options = new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(
            LoopbackCertificate.Instance, additionalCertificates: null, offline: true),
    };

    /// <summary>Opens a session and keeps it until the client disconnects.</summary>
    public void Serve(Socket socket) => _ = ServeAsync(socket);

    private static async Task OpenAsync(SslStream stream)
    {
        byte[] buffer = new byte[Upgrade.BufferSize];
        int length = 0;
        Upgrade? upgrade;
        do
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length));
            if (read == 0)
                throw new EndOfStreamException();
            length += read;
            upgrade = Upgrade.TryParse(buffer.AsSpan(0, length));
        }
        while (upgrade is null);
        await stream.WriteAsync(upgrade.Answer);
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            socket.NoDelay = true;
            await stream.AuthenticateAsServerAsync(_options);
            await OpenAsync(stream);

            // A read of no bytes waits without a buffer.
            do
                _ = await stream.ReadAsync(Memory<byte>.Empty);
            while (await stream.ReadAsync(new byte[256]) > 0);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
        {
            // The client disconnected, or does not accept the certificate.
        }
    }
}
