using System.Net;
using System.Runtime.CompilerServices;

namespace Duplex.Testing;

/// <summary>A connection that a client has asked a <see cref="WebSocketTestServer"/> for, opened or not.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class TestConnection
{
    private readonly AwaitableLog<TestMessage> _messages = new();
    private readonly AwaitableLog<TestMessage> _controls = new();
    private readonly TaskCompletionSource<CloseResult?> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Func<TimeSpan> _limit;
    private readonly Lock _sync = new();

    // Under _sync.
    private HttpStatusCode? _status;
    private string? _subprotocol;
    private MemoryLink? _link;
    private WebSocketSession? _session;

    internal TestConnection(int number, TestRequest request, DateTimeOffset startedAt, Func<TimeSpan> limit)
    {
        Number = number;
        Request = request;
        StartedAt = startedAt;
        _limit = limit;
    }

    /// <summary>Its place in the order of the server's connections, from 1.</summary>
    public int Number { get; }

    /// <summary>The request of its handshake.</summary>
    public TestRequest Request { get; }

    /// <summary>When its handshake began, by the server's clock.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>
    /// The status of the server's response: 101, or 200 over HTTP/2, if it was opened; null without one.
    /// </summary>
    public HttpStatusCode? Status
    {
        get
        {
            lock (_sync)
                return _status;
        }
    }

    /// <summary>The subprotocol that the server has chosen; null for none.</summary>
    public string? Subprotocol
    {
        get
        {
            lock (_sync)
                return _subprotocol;
        }
    }

    /// <summary>Whether it was opened and has not ended.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_sync)
                return _session is not null && !_completion.Task.IsCompleted;
        }
    }

    /// <summary>The text and binary messages that the client has sent, as of now.</summary>
    public IReadOnlyList<TestMessage> Messages => _messages.Items;

    /// <summary>The pings, pongs and the Close that the client has sent, as of now.</summary>
    public IReadOnlyList<TestMessage> ControlFrames => _controls.Items;

    /// <summary>
    /// Completes when it has ended, with how, as the server's side saw it; null if it was not opened. Never faults.
    /// </summary>
    public Task<CloseResult?> Completion => _completion.Task;

    /// <summary>Waits for a text message of the client, which may have come already.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="WebSocketTestException">
    /// The connection ended without it, a script failed, or <see cref="WebSocketTestServer.ReceiveTimeout"/> is over.
    /// </exception>
    public Task<TestMessage> Received(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Received(
            message => message.Type == FrameType.Text && message.Text == text, cancellationToken, $"\"{text}\"");
    }

    /// <summary>Waits for a text or binary message of the client that fits, which may have come already.</summary>
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
        return _messages.FindAsync(
            fits, _limit(), (came, isOver) => Missing(description, $"Connection {Number}", came, isOver),
            cancellationToken);
    }

    /// <summary>
    /// Loses the connection without a close handshake. No effect before it is open and after its end.
    /// </summary>
    /// <param name="how">What the client notices.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is undefined.</exception>
    public void Vanish(ConnectionLoss how = ConnectionLoss.Reset)
    {
        MemoryLink? link;
        WebSocketSession? session;
        lock (_sync)
            (link, session) = (_link, _session);

        link?.Lose(how);
        if (how != ConnectionLoss.Silence)
            session?.Abort();
    }

    internal static WebSocketTestException Missing(
        string description, string who, IReadOnlyList<TestMessage> came, bool isOver) => new(
        $"{who} received no message that fits {description}{(isOver ? ", and has ended" : "")}. Received: " +
        $"{(came.Count == 0 ? "nothing" : string.Join(", ", came))}. Check what the client sends; if it waits for a " +
        "timer first, let time pass by VirtualTime.AdvanceAsync.");

    internal void Answered(HttpStatusCode status)
    {
        lock (_sync)
            _status = status;
    }

    internal void Opened(MemoryLink link, WebSocketSession session, string? subprotocol)
    {
        lock (_sync)
            (_link, _session, _subprotocol) = (link, session, subprotocol);
    }

    internal void Record(TestMessage message) =>
        (message.Type is FrameType.Text or FrameType.Binary ? _messages : _controls).Add(message);

    internal void Fail(Exception failure) => _messages.Fail(failure);

    internal void End(CloseResult? result)
    {
        _messages.Complete();
        _completion.TrySetResult(result);
    }
}
