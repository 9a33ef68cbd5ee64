using System.Text;

namespace Duplex;

/// <summary>
/// Messages of the application that keep a session alive in place of pings (<see cref="WebSocketsOptions.Heartbeat"/>):
/// for servers that demand them, and for engines without pings, such as a browser's.
/// </summary>
/// <remarks>
/// Immutable; the sessions of a handler share one. Its functions may be called by several threads at once, also for one
/// session, and must not block. If one throws, the session ends with 1011 and the exception.
/// </remarks>
/// <example>
/// <code>
/// using var client = new HttpClient(new WebSocketsHandler(ws => ws.Heartbeat = new Heartbeat(
///     """{"op":"ping"}""", reply: """{"op":"pong"}""") { Interval = TimeSpan.FromSeconds(30) }));
/// </code>
/// </example>
public sealed class Heartbeat
{
    private readonly Func<Frame> _createMessage;
    private readonly Func<Frame, bool>? _isReply;
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(20); // as PingInterval
    private readonly TimeSpan _timeout = TimeSpan.FromSeconds(20);

    /// <summary>Creates a heartbeat of one text.</summary>
    /// <param name="text">The text to send.</param>
    /// <param name="reply">The text of the replies; null if there are none.</param>
    public Heartbeat(string text, string? reply = null)
        : this(MessageOf(text), reply is null ? null : MatchOf(reply))
    {
    }

    /// <summary>Creates a heartbeat of messages that a function makes.</summary>
    /// <param name="createMessage">Creates the next message: a text or binary frame with <c>Fin</c>.</param>
    /// <param name="isReply">
    /// Whether a received message is a reply. It sees every message of the session, before the application does, and
    /// must not keep the frame. It is taken for the reply to the message that was sent last. Null if there are no
    /// replies: then a silent peer is not given up, only one that takes nothing for <see cref="Timeout"/>.
    /// </param>
    public Heartbeat(Func<Frame> createMessage, Func<Frame, bool>? isReply = null)
    {
        ArgumentNullException.ThrowIfNull(createMessage);
        (_createMessage, _isReply) = (createMessage, isReply);
    }

    /// <summary>The time from one message to the next. Default: 20 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan Interval
    {
        get => _interval;
        init => _interval = TimerRange.Checked(value);
    }

    /// <summary>
    /// How long the peer may be silent after a message reached the transport, before the connection is aborted; any
    /// message counts, not the reply alone. Also how long one write, of 256 KiB at most, may take. Default: 20 s.
    /// <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> means indefinitely.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative, or longer than 24.8 days.</exception>
    public TimeSpan Timeout
    {
        get => _timeout;
        init => _timeout = TimerRange.Checked(value);
    }

    /// <summary>
    /// Whether a message is sent only if nothing was received for <see cref="Interval"/>. Default: false, one in each
    /// interval.
    /// </summary>
    public bool OnlyWhenIdle { get; init; }

    internal bool HasReplies => _isReply is not null;

    internal Frame CreateMessage() => _createMessage() is { IsControl: false, Fin: true } message
        ? message
        : throw new InvalidOperationException(
            "The heartbeat's function returned no whole message. Return a Frame.Text or a Frame.Binary with Fin.");

    internal bool IsReply(Frame frame) => _isReply?.Invoke(frame) == true;

    private static Func<Frame> MessageOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var message = new Frame.Text(text);
        return () => message;
    }

    private static Func<Frame, bool> MatchOf(string reply)
    {
        byte[] expected = Encoding.UTF8.GetBytes(reply);
        return frame => frame is Frame.Text && frame.Data.Span.SequenceEqual(expected);
    }
}
