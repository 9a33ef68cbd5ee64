using System.Globalization;
using System.Net.WebSockets;
using Websocket.Client;

namespace Duplex.Feeds;

/// <summary>
/// The package Websocket.Client: a subscription in ReconnectionHappened, as its README shows. SendInstant says more
/// than Send: it throws if the socket does.
/// </summary>
internal sealed class WebsocketFeedClient : FeedClient, IDisposable
{
    private readonly WebsocketClient _client;
    private readonly Inbox _inbox;

    public WebsocketFeedClient(Uri server, Inbox inbox)
    {
        _inbox = inbox;
        _client = new WebsocketClient(new Uri(server.AbsoluteUri.Replace("http", "ws", StringComparison.Ordinal)))
        {
            ConnectTimeout = ClientSettings.Attempt,
            ReconnectTimeout = ClientSettings.Silence,
            ErrorReconnectTimeout = ClientSettings.Retry,
        };
        _client.ReconnectionHappened.Subscribe(new Observer<ReconnectionInfo>(_ =>
            _client.Send(string.Create(CultureInfo.InvariantCulture, $"from {_inbox.Last + 1}"))));
        _client.MessageReceived.Subscribe(new Observer<ResponseMessage>(message =>
            _inbox.Add(FeedLog.NumberOf(message.Text))));
    }

    public override Task StartAsync() => _client.Start();

    public override async Task<bool> SendAsync(int number, string rest)
    {
        if (!_client.IsRunning)
            return false; // it would drop the message, and return as if it were sent
        await _client.SendInstant(string.Create(CultureInfo.InvariantCulture, $"message {number} {rest}"));
        return true;
    }

    public override Task CloseAsync() => _client.Stop(WebSocketCloseStatus.NormalClosure, "");

    public override Task DisposeAsync() => Task.Run(Dispose);

    public void Dispose() => _client.Dispose();

    private sealed class Observer<T>(Action<T> onNext) : IObserver<T>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(T value) => onNext(value);
    }
}
