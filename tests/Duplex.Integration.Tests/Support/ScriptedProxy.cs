using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Duplex.Tests;

/// <summary>A proxy that does what a test says with whatever it is asked for. It makes no tunnels.</summary>
internal sealed class ScriptedProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _sockets = []; // by the one loop, until it has ended
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _serving;

    /// <summary>Answers each thing that it is told with the next of the answers, and then nothing more.</summary>
    /// <param name="scheme">How it is spoken to: <c>http</c>, <c>socks5</c>, <c>socks4a</c>.</param>
    /// <param name="ends">Whether it ends the connection then; otherwise it falls silent.</param>
    /// <param name="answers">The answers.</param>
    public ScriptedProxy(string scheme, bool ends, params byte[][] answers)
    {
        _listener.Start();
        Uri = new Uri($"{scheme}://{_listener.LocalEndpoint}");
        _serving = ServeAsync(ends, answers);
    }

    public Uri Uri { get; }

    /// <summary>Answers CONNECT with a status.</summary>
    public static ScriptedProxy Answering(string status) => new("http", ends: false, Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));

    /// <summary>Completes when it was asked for something.</summary>
    public Task Asked => _asked.Task;

    public void Dispose()
    {
        _listener.Dispose();
        _serving.Wait(Patience.Limit);
        _sockets.ForEach(socket => socket.Dispose());
    }

    private async Task ServeAsync(bool ends, byte[][] answers)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync();
                _sockets.Add(socket);
                for (int i = 0; i < Math.Max(answers.Length, 1); i++)
                {
                    if (await socket.ReceiveAsync(buffer) == 0)
                        break;
                    _asked.TrySetResult();
                    if (i < answers.Length)
                        await socket.SendAsync(answers[i]);
                }

                if (ends)
                    socket.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }
}
