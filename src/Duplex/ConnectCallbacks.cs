using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// Values for <see cref="SocketsHttpHandler.ConnectCallback"/>: ways to connect that the platform's handler lacks.
/// </summary>
/// <remarks>
/// <para>
/// They serve any <see cref="HttpClient"/>, for ordinary requests and for sessions. The functions are thread-safe, and
/// one can serve several handlers.
/// </para>
/// <para>
/// A handler calls its function for the connection to a proxy, too. With <see cref="UnixSocket"/> and
/// <see cref="NamedPipe"/>, set <see cref="SocketsHttpHandler.UseProxy"/> to false.
/// </para>
/// </remarks>
[UnsupportedOSPlatform("browser")]
public static class ConnectCallbacks
{
    /// <summary>
    /// Connects every request of a handler to one Unix domain socket, whatever its URL's host and port.
    /// </summary>
    /// <remarks>
    /// With an <c>https</c> or <c>wss</c> URL, TLS is spoken over the socket. If nothing listens there, the request
    /// fails with <see cref="SocketException"/> as the inner exception.
    /// </remarks>
    /// <param name="path">The socket's path. On Linux, one that begins with NUL is abstract.</param>
    /// <exception cref="ArgumentException">The path is empty, or too long for the system.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no Unix sockets.</exception>
    /// <example>
    /// <code>
    /// using var client = new HttpClient(new SocketsHttpHandler
    /// {
    ///     UseProxy = false,
    ///     ConnectCallback = ConnectCallbacks.UnixSocket("/run/app.sock"),
    /// });
    /// string status = await client.GetStringAsync("http://localhost/status");
    /// </code>
    /// </example>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> UnixSocket(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        UnixDomainSocketEndPoint endPoint = LocalSocket.UnixEndPoint(path);
        return (_, token) => new ValueTask<Stream>(SocketStreams.ConnectUnixAsync(endPoint, token));
    }

    /// <summary>Connects every request of a handler to one named pipe, whatever its URL's host and port.</summary>
    /// <remarks>
    /// It waits 1 second for a free instance of the pipe; then the request fails with <see cref="IOException"/>. The
    /// server cannot act in the client's name. On Unix, .NET's named pipes are Unix sockets.
    /// </remarks>
    /// <param name="name">The pipe's name, without <c>\\.\pipe\</c>.</param>
    /// <param name="serverName">The machine. Default: this one.</param>
    /// <exception cref="ArgumentException">The name or the machine's is empty.</exception>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> NamedPipe(
        string name, string serverName = ".")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(serverName);
        return (_, token) => new ValueTask<Stream>(SocketStreams.ConnectPipeAsync(name, serverName, token));
    }

    /// <summary>
    /// Connects by happy eyeballs (RFC 8305): the addresses of a host are tried in turn, alternating between IPv6 and
    /// IPv4, each some time after the one before or as soon as one fails. The first to connect wins, and the others are
    /// abandoned.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The platform tries one address after another, so an address that does not answer delays the next by the
    /// system's timeout, often minutes.
    /// </para>
    /// <para>
    /// IPv6 and IPv4 addresses are resolved by one call of <see cref="Dns"/>, and attempts begin when it returns. If
    /// all fail, the request's inner exception is the only failure, or an <see cref="AggregateException"/> with all.
    /// </para>
    /// </remarks>
    /// <param name="attemptDelay">
    /// How long an attempt runs before the next one begins beside it, 10 ms to 2 s. Default: 250 ms; the RFC recommends
    /// at least 100 ms.
    /// </param>
    /// <param name="firstFamily">
    /// The family that begins. Default: IPv6. <see cref="AddressFamily.Unspecified"/>: that of the system's first
    /// address.
    /// </param>
    /// <param name="timeProvider">The clock of the delay. Default: the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The delay is out of range, or the family is not IPv6, IPv4 or unspecified.
    /// </exception>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> HappyEyeballs(
        TimeSpan? attemptDelay = null,
        AddressFamily firstFamily = AddressFamily.InterNetworkV6,
        TimeProvider? timeProvider = null)
    {
        TimeSpan delay = attemptDelay ?? Duplex.HappyEyeballs.DefaultDelay;
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, Duplex.HappyEyeballs.LeastDelay, nameof(attemptDelay));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delay, Duplex.HappyEyeballs.MostDelay, nameof(attemptDelay));
        if (firstFamily is not (
            AddressFamily.InterNetworkV6 or AddressFamily.InterNetwork or AddressFamily.Unspecified))
        {
            throw new ArgumentOutOfRangeException(
                nameof(firstFamily), firstFamily, "Expected InterNetworkV6, InterNetwork or Unspecified.");
        }

        var eyeballs = new HappyEyeballs(
            delay, firstFamily, timeProvider ?? TimeProvider.System, Dns.GetHostAddressesAsync,
            SocketStreams.ConnectTcpAsync);
        return (context, token) => eyeballs.ConnectAsync(context.DnsEndPoint, token);
    }
}
