using System.Net.WebSockets;
using System.Runtime.InteropServices.JavaScript;
using System.Runtime.Versioning;
using System.Text;

namespace Duplex;

/// <summary>
/// The browser's WebSocket, without a script of our own: a page's security policy has nothing to allow.
/// </summary>
[SupportedOSPlatform("browser")]
internal sealed partial class JavaScriptSocket(Uri uri, IReadOnlyCollection<string> subprotocols) : PageSocket
{
    // Set by Open, on the page's one thread.
    private JSObject? _socket;

    public override string? SubProtocol => Socket.GetPropertyAsString("protocol");

    public override long BufferedAmount => (long)Socket.GetPropertyAsDouble("bufferedAmount");

    /// <summary>Asked for once, not for each message, and kept as long as the page.</summary>
    private static JSObject BytesType { get; } = JSHost.GlobalThis.GetPropertyAsJSObject("Uint8Array")!;

    private JSObject Socket => _socket ?? throw new InvalidOperationException("The socket is not opened.");

    public override void Open(IPageSocketEvents events)
    {
        using JSObject names = Construct("Array", [.. subprotocols]);
        _socket = Construct("WebSocket", uri.AbsoluteUri, names);
        _socket.SetProperty("binaryType", "arraybuffer");
        Listen(_socket, "open", raised =>
        {
            raised.Dispose();
            events.Opened();
        });
        Listen(_socket, "message", raised =>
        {
            using (raised)
                Receive(raised, events);
        });
        Listen(_socket, "close", raised =>
        {
            using (raised)
                events.Closed(raised.GetPropertyAsInt32("code"), raised.GetPropertyAsString("reason") ?? "");
        });
    }

    public override void Send(string text) => SendText(Socket, text);

    public override void Send(byte[] payload) => SendBytes(Socket, payload);

    public override void Close(int code, string reason)
    {
        if (_socket is not null) // the browser may have refused the address
            Close(_socket, code, reason);
    }

    public override void Dispose() => _socket?.Dispose();

    private static void Receive(JSObject raised, IPageSocketEvents events)
    {
        if (raised.GetTypeOfProperty("data") == "string")
        {
            events.Received(
                WebSocketMessageType.Text, Encoding.UTF8.GetBytes(raised.GetPropertyAsString("data")!));
            return;
        }

        using JSObject buffer = raised.GetPropertyAsJSObject("data")!;
        events.Received(WebSocketMessageType.Binary, ConstructBytes(BytesType, [buffer]));
    }

    private static JSObject Construct(string name, params object[] arguments)
    {
        using JSObject type = JSHost.GlobalThis.GetPropertyAsJSObject(name)
            ?? throw new PlatformNotSupportedException($"This environment has no {name}.");
        return Construct(type, arguments);
    }

    // A function's own call() takes the object first.
    [JSImport("globalThis.Reflect.construct")]
    private static partial JSObject Construct(
        JSObject type, [JSMarshalAs<JSType.Array<JSType.Any>>] object[] arguments);

    [JSImport("globalThis.Reflect.construct")]
    [return: JSMarshalAs<JSType.Array<JSType.Number>>]
    private static partial byte[] ConstructBytes(
        JSObject type, [JSMarshalAs<JSType.Array<JSType.Object>>] JSObject[] arguments);

    [JSImport("globalThis.EventTarget.prototype.addEventListener.call")]
    private static partial void Listen(
        JSObject target, string type, [JSMarshalAs<JSType.Function<JSType.Object>>] Action<JSObject> listener);

    [JSImport("globalThis.WebSocket.prototype.send.call")]
    private static partial void SendText(JSObject socket, string text);

    [JSImport("globalThis.WebSocket.prototype.send.call")]
    private static partial void SendBytes(JSObject socket, [JSMarshalAs<JSType.Array<JSType.Number>>] byte[] payload);

    [JSImport("globalThis.WebSocket.prototype.close.call")]
    private static partial void Close(JSObject socket, int code, string reason);
}
