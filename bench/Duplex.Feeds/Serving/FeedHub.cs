using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.SignalR;

namespace Duplex.Feeds;

/// <summary>What <c>/feed</c> does, as a hub.</summary>
internal sealed class FeedHub(FeedServer server, IHubContext<FeedHub> hub) : Hub
{
    private HubPeer Peer => (HubPeer)Context.Items[typeof(HubPeer)]!;

    public override Task OnConnectedAsync()
    {
        string client = FeedServer.NameOf(Context.GetHttpContext()!);
        var peer = new HubPeer(server, client, hub.Clients.Client(Context.ConnectionId), Context);
        Context.Items[typeof(HubPeer)] = peer;
        server.Add(peer);
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        server.Remove(Peer);
        return Task.CompletedTask;
    }

    /// <summary>What <c>from N</c> does.</summary>
    public void From(long number) => Peer.Subscribe(number);

    /// <summary>What <c>message N</c> does.</summary>
    public void Message(int number, string rest)
    {
        _ = rest;
        server.ArrivalsOf(Peer.Client).Add(number);
    }

    private sealed class HubPeer(FeedServer server, string client, IClientProxy proxy, HubCallerContext context)
        : FeedPeer(server, client)
    {
        protected override Task SendAsync(string text, CancellationToken stopping) =>
            proxy.SendAsync("message", text, stopping);

        // As a server does that is shut down: the client may connect again. There is no code to say why.
        protected override Task CloseCoreAsync(int code)
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()!.RequestClose();
            return Task.CompletedTask;
        }
    }
}
