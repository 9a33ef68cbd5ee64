using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>Makes a handler's connections, and counts them: none may stay open, and none may be disposed twice.</summary>
internal sealed class CountedSockets
{
    private readonly Lock _sync = new();
    private readonly List<CountedStream> _streams = []; // under _sync
    private int _connecting; // under _sync

    /// <summary>How many connections were ever made.</summary>
    public int Made
    {
        get
        {
            lock (_sync)
                return _streams.Count;
        }
    }

    /// <summary>How many are open, or being opened.</summary>
    public int Open
    {
        get
        {
            lock (_sync)
                return _connecting + _streams.Count(stream => stream.Disposals == 0);
        }
    }

    /// <summary>A handler for handshakes that trusts the tests' certificate, and makes its connections here.</summary>
    public SocketsHttpHandler CreateHandler()
    {
        SocketsHttpHandler handler = LoopbackCertificate.CreateHandler();
        handler.ResponseDrainTimeout = TimeSpan.Zero; // else a body that nobody reads to its end keeps its connection for two seconds
        handler.ConnectCallback = async (context, token) =>
        {
            CountedStream? stream = null;
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            lock (_sync)
                _connecting++;
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, token);
                return stream = new CountedStream(socket);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
            finally
            {
                lock (_sync)
                {
                    _connecting--;
                    if (stream is not null)
                        _streams.Add(stream);
                }
            }
        };
        return handler;
    }

    /// <summary>An HttpClient with the plugin, whose connections are counted.</summary>
    public HttpClient CreateClient(Action<WebSocketsOptions>? configure = null) => new(new WebSocketsHandler(CreateHandler(), configure));

    /// <summary>Waits until what the peer has sent, or its reset, has reached the one connection, where nobody reads it.</summary>
    public Task HasInput() => Patience.Until(() => _streams.Single().Socket.Poll(0, SelectMode.SelectRead));

    /// <summary>Waits until no connection is open, and checks that each was disposed once.</summary>
    public async Task AreClosedAsync()
    {
        await Patience.Until(() => Open == 0);
        lock (_sync)
            Assert.All(_streams, stream => Assert.Equal(1, stream.Disposals));
    }

    private sealed class CountedStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private int _disposals;

        public int Disposals => Volatile.Read(ref _disposals);

        public new Socket Socket => base.Socket;

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (disposing)
                Interlocked.Increment(ref _disposals);
        }
    }
}
