using System.Text;

namespace Duplex.Testing;

/// <summary>A message or a control frame that a <see cref="WebSocketTestServer"/> received. Immutable.</summary>
public sealed class TestMessage
{
    private const int Shown = 100; // characters of a text in a message of an exception, so that a line stays readable

    internal TestMessage(FrameType type, ReadOnlyMemory<byte> data, DateTimeOffset at)
    {
        Type = type;
        Data = data;
        At = at;
    }

    /// <summary>Its type.</summary>
    public FrameType Type { get; }

    /// <summary>Its payload, of all fragments together.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>When it was received whole, by the server's clock.</summary>
    public DateTimeOffset At { get; }

    /// <summary>The payload as text, whatever its type.</summary>
    public string Text => Encoding.UTF8.GetString(Data.Span);

    /// <summary>Returns the text in quotes, or the type and the number of bytes.</summary>
    public override string ToString()
    {
        if (Type != FrameType.Text)
            return $"{Type} of {Data.Length} bytes";
        string text = Text;
        return $"\"{(text.Length <= Shown ? text : text[..Shown] + "…")}\"";
    }
}
