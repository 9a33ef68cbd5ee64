using System.Runtime.CompilerServices;

namespace Duplex.Testing;

/// <summary>
/// A WebSocket server in memory, for tests: an ordinary <see cref="HttpClient"/> with the plugin reaches it through
/// <see cref="Handler"/>. It does what scripts say, and records what it receives.
/// </summary>
/// <remarks>
/// <para>Thread-safe, except that scripts are written before the client connects.</para>
/// <para>
/// No byte leaves the process. Each connection has as much room as a socket's buffers, so a side that does not read
/// slows the other one down. It takes handshakes of HTTP/1.1 and HTTP/2, and no extension.
/// </para>
/// </remarks>
public sealed class WebSocketTestServer : IAsyncDisposable
{
    private readonly ScriptBook _scripts = new();
    private readonly Reception _reception;
    private readonly Func<string?> _clockCheck;

    /// <summary>Creates a server.</summary>
    /// <param name="time">Its clock. Default: one of its own.</param>
    public WebSocketTestServer(VirtualTime? time = null)
    {
        Time = time ?? new VirtualTime();
        _reception = new Reception(Time, _scripts);
        Handler = new Entrance(_reception);
        _clockCheck = () => AllowsOtherClocks ? null : _reception.OtherClock;
        Time.AddCheck(_clockCheck);
    }

    /// <summary>The clock of the server and its clients.</summary>
    public VirtualTime Time { get; }

    /// <summary>
    /// Gives requests to the server: the innermost handler of a client. Any number of clients may share it; disposing
    /// it has no effect.
    /// </summary>
    public HttpMessageHandler Handler { get; }

    /// <summary>The address of clients that <see cref="CreateClient"/> makes. The server takes any.</summary>
    public Uri BaseAddress { get; } = new("http://server.test/");

    /// <summary>The subprotocols that it accepts, the preferred one first. Default: none.</summary>
    public IList<string> Subprotocols => _reception.Subprotocols;

    /// <summary>
    /// Sets the options of the server's sessions, after its own: its clock, and no pings. Default: nothing.
    /// </summary>
    public Action<WebSocketsOptions>? ConfigureSessions
    {
        get => _reception.ConfigureSessions;
        set => _reception.ConfigureSessions = value;
    }

    /// <summary>Puts a stream around the client's end of every connection, such as one that injects faults.</summary>
    public Func<Stream, Stream>? WrapClientStream
    {
        get => _reception.ClientStream;
        set => _reception.ClientStream = value;
    }

    /// <summary>Puts a stream around the server's end of every connection.</summary>
    public Func<Stream, Stream>? WrapServerStream
    {
        get => _reception.ServerStream;
        set => _reception.ServerStream = value;
    }

    /// <summary>How long, in real time, a wait for a message or a connection lasts. Default: 10 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero or negative.</exception>
    public TimeSpan ReceiveTimeout
    {
        get => _reception.ReceiveTimeout;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            _reception.ReceiveTimeout = value;
        }
    }

    /// <summary>
    /// Whether time may pass although no client uses <see cref="Time"/>. Default: false, it is an error then.
    /// </summary>
    public bool AllowsOtherClocks { get; set; }

    /// <summary>
    /// How many connections, and how many messages of all of them, are kept: the newest. Default: all. Limit it in a
    /// test that runs long.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero or negative.</exception>
    public int History
    {
        get => _reception.Connections.Capacity;
        set => _reception.Connections.Capacity = _reception.Messages.Capacity = value;
    }

    /// <summary>All connections that clients have asked for, in order, with those that were not opened.</summary>
    public IReadOnlyList<TestConnection> Connections => _reception.Connections.Items;

    /// <summary>How many connections clients have asked for.</summary>
    public int ConnectionCount => _reception.Count;

    /// <summary>Creates a client of the server, with its clock and without a timeout of its own.</summary>
    /// <param name="configure">Sets the plugin's options. Default: nothing.</param>
    /// <exception cref="ArgumentException">The options have another clock than the server.</exception>
    public HttpClient CreateClient(Action<WebSocketsOptions>? configure = null)
    {
        var options = new WebSocketsOptions { TimeProvider = Time };
        configure?.Invoke(options);
        if (options.TimeProvider != Time)
        {
            throw new ArgumentException(
                "Client and server need the same clock. Leave TimeProvider alone, or give the clock to the server.",
                nameof(configure));
        }

        return new HttpClient(new WebSocketsHandler(Handler, options))
        {
            BaseAddress = BaseAddress,
            Timeout = Timeout.InfiniteTimeSpan, // HttpClient measures real time
        };
    }

    /// <summary>Adds the script of the next connection that has none: the first call is for the first one.</summary>
    public ConnectionScript NextConnection() => _scripts.AddNext();

    /// <summary>
    /// Replaces the script of all connections without one of their own, and returns the new one. Its steps need not be
    /// reached. Default: an empty one.
    /// </summary>
    public ConnectionScript OtherConnections() => _scripts.ReplaceOthers();

    /// <summary>Runs code for every connection without a script of its own.</summary>
    /// <inheritdoc cref="ConnectionScript.Run" path="/param"/>
    public void OnConnect(Func<DefaultWebSocketSession, CancellationToken, Task> code) => OtherConnections().Run(code);

    /// <summary>Runs code with a raw session for every connection without a script of its own.</summary>
    /// <inheritdoc cref="ConnectionScript.Run" path="/param"/>
    public void OnConnectRaw(Func<RawWebSocketSession, CancellationToken, Task> code) =>
        OtherConnections().RunRaw(code);

    /// <summary>Answers requests that are no handshakes. Default: 404.</summary>
    /// <param name="answer">The answer.</param>
    public void OnRequest(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _reception.OnRequest = answer;
    }

    /// <summary>Waits for a text message on any connection, which may have come already.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="WebSocketTestException">
    /// A script failed, or <see cref="ReceiveTimeout"/> is over. The message lists what came.
    /// </exception>
    public Task<TestMessage> Received(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Received(
            message => message.Type == FrameType.Text && message.Text == text, cancellationToken, $"\"{text}\"");
    }

    /// <summary>Waits for a text or binary message on any connection that fits, which may have come already.</summary>
    /// <param name="fits">Whether a message fits.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <param name="description">The condition in words, for the exception. Default: its code.</param>
    /// <inheritdoc cref="Received(string, CancellationToken)" path="/exception"/>
    public Task<TestMessage> Received(
        Func<TestMessage, bool> fits,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(fits))] string description = "")
    {
        ArgumentNullException.ThrowIfNull(fits);
        return _reception.Messages.FindAsync(
            fits, ReceiveTimeout, (came, isOver) => TestConnection.Missing(description, "The server", came, isOver),
            cancellationToken);
    }

    /// <summary>Waits until a client asks for a connection, which may have happened already.</summary>
    /// <param name="number">Its place in the order, from 1.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="WebSocketTestException">A script failed, or <see cref="ReceiveTimeout"/> is over.</exception>
    public Task<TestConnection> Connected(int number = 1, CancellationToken cancellationToken = default) =>
        _reception.Connections.FindAsync(
            connection => connection.Number == number, ReceiveTimeout,
            (came, _) => new WebSocketTestException(
                $"Connection {number} did not come; there were {came.Count}. Check that the client connects; if it " +
                "waits for a timer first, let time pass by VirtualTime.AdvanceAsync."),
            cancellationToken);

    /// <summary>
    /// Waits until all work is done without time passing, and checks that each script has run to its end and none
    /// failed. Code that still runs is no error.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="WebSocketTestException">A script failed, or a step or a connection is missing.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken = default)
    {
        await Time.SettleAsync(cancellationToken).ConfigureAwait(false);
        _scripts.ThrowIfFailed();
        IReadOnlyList<string> unmet = _scripts.Unmet;
        if (unmet.Count > 0)
        {
            throw new WebSocketTestException(
                $"The scripts have not run to their ends. {string.Join("; ", unmet)}. Check what the client sends; a " +
                "script that waits needs VirtualTime.AdvanceAsync.");
        }
    }

    /// <summary>Aborts all connections, and ends all scripts.</summary>
    /// <exception cref="WebSocketTestException">
    /// A script failed, and <see cref="VerifyAsync"/> has not said so. Steps that were not reached are no error here:
    /// after a failed assertion they would hide it.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        Time.RemoveCheck(_clockCheck);
        await _reception.DisposeAsync().ConfigureAwait(false);
        _scripts.ThrowIfFailed();
    }

    private sealed class Entrance(Reception reception) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            reception.AnswerAsync(request, cancellationToken);
    }
}
