using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Duplex.Feeds;

/// <summary>The object form: Observe keeps the number, and each connection subscribes from the next.</summary>
internal sealed class DuplexFeedClient : FeedClient, IDisposable
{
    private static readonly FeedSendOptions Patient = new() { TimeToLive = ClientSettings.Attempt };

    private readonly HttpClient _http = new(new WebSocketsHandler());
    private readonly ReconnectingWebSocket _feed;
    private readonly Inbox _inbox;

    public DuplexFeedClient(Uri server, Inbox inbox, Outbox outbox)
    {
        _inbox = inbox;
        long last = inbox.Last;
        _feed = _http.CreateReconnectingWebSocket(server, reconnect =>
        {
            reconnect.IdleTimeout = ClientSettings.Silence;
            reconnect.AttemptTimeout = ClientSettings.Attempt;
            reconnect.Observe = (frame, _) =>
            {
                if (Utf8Parser.TryParse(frame.Data.Span, out long number, out int _))
                    last = number;
            };
            reconnect.OnConnected((connection, stopping) =>
                connection.SendAsync(string.Create(CultureInfo.InvariantCulture, $"from {last + 1}"), stopping));
            reconnect.OnUnconfirmed = (messages, _) =>
            {
                foreach (UnconfirmedMessage message in messages)
                {
                    string text = Encoding.UTF8.GetString(message.Data!.Value.Span); // far below MaxUnconfirmedBytes
                    outbox.ReportUnknown(int.Parse(text.Split(' ')[1], CultureInfo.InvariantCulture));
                }

                return ValueTask.CompletedTask;
            };
        });
    }

    public override async Task StartAsync()
    {
        Task receiving = ReceiveAsync();
        await _feed.StartAsync();
        _ = receiving;
    }

    public override async Task<bool> SendAsync(int number, string rest)
    {
        await _feed.SendAsync(string.Create(CultureInfo.InvariantCulture, $"message {number} {rest}"), Patient);
        return true;
    }

    public override async Task CloseAsync() => await _feed.CloseAsync();

    public override async Task DisposeAsync()
    {
        await _feed.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _http.Dispose();

    private async Task ReceiveAsync()
    {
        await foreach (Frame frame in _feed.Incoming)
        {
            if (frame is Frame.Text(var text))
                _inbox.Add(FeedLog.NumberOf(text));
        }
    }
}
