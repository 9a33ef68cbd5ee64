using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Principal;

namespace Duplex;

/// <summary>Connects one socket or named pipe.</summary>
[UnsupportedOSPlatform("browser")]
internal static class SocketStreams
{
    // A server makes its next instance within milliseconds; a pipe without a server must fail sooner than a handshake.
    private static readonly TimeSpan PipePatience = TimeSpan.FromSeconds(1);

    public static Task<Stream> ConnectTcpAsync(IPEndPoint target, CancellationToken token) =>
        ConnectAsync(
            new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, target, token);

    public static Task<Stream> ConnectUnixAsync(UnixDomainSocketEndPoint target, CancellationToken token) =>
        ConnectAsync(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), target, token);

    public static async Task<Stream> ConnectPipeAsync(string name, string server, CancellationToken token)
    {
        // Anonymous: the server, which may be another user's, must not act in our name.
        var pipe = new NamedPipeClientStream(
            server, name, PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.WriteThrough,
            TokenImpersonationLevel.Anonymous);
        try
        {
            await pipe.ConnectAsync(PipePatience, token).ConfigureAwait(false);
            return pipe;
        }
        catch (TimeoutException e)
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw new IOException("No server listens at the named pipe, or none of its instances is free.", e);
        }
        catch
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<Stream> ConnectAsync(Socket socket, EndPoint target, CancellationToken token)
    {
        try
        {
            await socket.ConnectAsync(target, token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
