using System.Net.WebSockets;

namespace Duplex.Tests;

/// <summary>A page's WebSocket whose browser is the test.</summary>
internal sealed class FakePageSocket : PageSocket
{
    public List<string> Calls { get; } = [];

    public IPageSocketEvents Events { get; private set; } = null!;

    public bool OpensAtOnce { get; init; } = true;

    public string? Chosen { get; init; }

    public long Buffered { get; set; }

    public override string? SubProtocol => Chosen;

    public override long BufferedAmount => Buffered;

    public override void Open(IPageSocketEvents events)
    {
        Events = events;
        if (OpensAtOnce)
            events.Opened();
    }

    public override void Send(string text) => Calls.Add($"Text {text}");

    public override void Send(byte[] payload) => Calls.Add($"Binary {Convert.ToHexString(payload)}");

    public override void Close(int code, string reason) => Calls.Add($"Close {code} {reason}");

    public override void Dispose() => Calls.Add("Dispose");

    public void Give(ReadOnlySpan<byte> text) => Events.Received(WebSocketMessageType.Text, text.ToArray());
}
