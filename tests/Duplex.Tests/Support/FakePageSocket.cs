using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace Duplex.Tests;

/// <summary>A page's WebSocket whose browser is the test.</summary>
internal sealed class FakePageSocket : PageSocket
{
    public ConcurrentQueue<string> Calls { get; } = [];

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

    public override void Send(string text) => Calls.Enqueue($"Text {text}");

    public override void Send(byte[] payload) => Calls.Enqueue($"Binary {Convert.ToHexString(payload)}");

    public override void Close(int code, string reason) => Calls.Enqueue($"Close {code} {reason}");

    public override void Dispose() => Calls.Enqueue("Dispose");

    /// <summary>Waits until the session waits for an event. In a browser one thread has both; here an event that comes as a receive begins would be missed.</summary>
    public Task UntilReceiving() => Patience.Until(() => Events is BrowserSocket socket && Volatile.Read(ref Arrival(socket)) is not null);

    public void Give(ReadOnlySpan<byte> text) => Events.Received(WebSocketMessageType.Text, text.ToArray());

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_arrival")]
    private static extern ref TaskCompletionSource? Arrival(BrowserSocket socket);
}
