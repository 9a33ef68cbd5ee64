using System.Text;

namespace Duplex;

/// <summary>What a caller wants to send: a text, or the payload of a message.</summary>
internal readonly struct FeedMessage
{
    private readonly string? _text;
    private readonly ReadOnlyMemory<byte> _data;

    public FeedMessage(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        (_text, Type) = (text, FrameType.Text);
    }

    public FeedMessage(ReadOnlyMemory<byte> data, FrameType type) => (_data, Type) = (data, type);

    public FrameType Type { get; }

    public int Length => _text is null ? _data.Length : Encoding.UTF8.GetByteCount(_text);

    public static FeedMessage Of(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return frame is { IsControl: false, Fin: true }
            ? new FeedMessage(frame.Data, frame.Type)
            : throw new ArgumentException(
                $"A {frame.Type} frame{(frame.Fin ? "" : " without Fin")} is no whole message, and only those can be " +
                "sent on any connection. Use Send… of the session in OnConnected.",
                nameof(frame));
    }

    public ValueTask SendAsync(WebSocketSession session, SendOptions options, CancellationToken token) =>
        _text is null ? session.SendAsync(_data, Type, options, token) : session.SendAsync(_text, options, token);

    public byte[] Copy() => _text is null ? _data.ToArray() : Encoding.UTF8.GetBytes(_text);
}
