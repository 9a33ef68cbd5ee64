namespace Duplex.Tests;

/// <summary>Calls that no handshake has made.</summary>
internal static class Calls
{
    /// <summary>A call that asked for no more than an address.</summary>
    public static WebSocketCall Create()
    {
        using var message = new HttpRequestMessage();
        var request = new WebSocketHandshakeRequest(new Uri("ws://host.test/"), new WebSocketRequest(), [], message.Headers);
        return new WebSocketCall(WebSocketEngines.Http, request, response: null, subprotocol: null);
    }
}
