namespace Duplex.Feeds;

/// <summary>A client of the feed, written as a good user of its library writes it.</summary>
internal abstract class FeedClient
{
    /// <summary>The names of all clients.</summary>
    public static readonly string[] Names = ["duplex", "websocket.client", "signalr", "signalr-stateful"];

    /// <summary>Creates a client.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="server">The server's address, with the name of the client in its query.</param>
    /// <param name="inbox">Gets each received message, and knows the last one.</param>
    /// <param name="outbox">Gets each message that the library reports as unknown.</param>
    public static FeedClient Create(string name, Uri server, Inbox inbox, Outbox outbox) => name switch
    {
        "duplex" => new DuplexFeedClient(server, inbox, outbox),
        "websocket.client" => new WebsocketFeedClient(server, inbox),
        "signalr" => new SignalRFeedClient(server, inbox, isStateful: false),
        "signalr-stateful" => new SignalRFeedClient(server, inbox, isStateful: true),
        _ => throw new ArgumentException($"There is no client '{name}'. There are {string.Join(", ", Names)}."),
    };

    /// <summary>The path of the server that a client connects to.</summary>
    public static string PathOf(string name) => name.StartsWith("signalr", StringComparison.Ordinal) ? "/hub" : "/feed";

    public abstract Task StartAsync();

    /// <summary>Sends a message. It throws, or returns false, if the library says that it was not sent.</summary>
    public abstract Task<bool> SendAsync(int number, string rest);

    public abstract Task CloseAsync();

    public abstract Task DisposeAsync();
}
