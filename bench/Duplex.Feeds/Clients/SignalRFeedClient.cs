using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Duplex.Feeds;

/// <summary>
/// SignalR's .NET client, as Microsoft's documentation shows it: automatic reconnect, a loop for the start, and a
/// restart when it has given up. Each call is an invocation, which returns when the server has run the method. With
/// stateful reconnect both sides keep what the other has not acknowledged, and send it again.
/// </summary>
internal sealed class SignalRFeedClient : FeedClient
{
    private readonly HubConnection _connection;
    private readonly Inbox _inbox;
    private readonly CancellationTokenSource _stopped = new();

    public SignalRFeedClient(Uri server, Inbox inbox, bool isStateful)
    {
        _inbox = inbox;
        IHubConnectionBuilder builder = new HubConnectionBuilder()
            .WithUrl(server, HttpTransportType.WebSockets, options => options.SkipNegotiation = !isStateful)
            .WithAutomaticReconnect()
            .WithServerTimeout(ClientSettings.Silence)
            .WithKeepAliveInterval(ClientSettings.Silence / 3);
        if (isStateful)
        {
            builder.WithStatefulReconnect(); // it needs the negotiation
            builder.Services.Configure<HubConnectionOptions>(options =>
                options.StatefulReconnectBufferSize = ClientSettings.Unconfirmed);
        }

        _connection = builder.Build();
        _connection.HandshakeTimeout = ClientSettings.Attempt;
        _connection.On<string>("message", text => _inbox.Add(FeedLog.NumberOf(text)));
        _connection.Reconnected += _ => SubscribeAsync();
        _connection.Closed += async _ =>
        {
            if (_stopped.IsCancellationRequested)
                return;
            await Task.Delay(ClientSettings.Retry * Random.Shared.NextDouble(), _stopped.Token);
            await StartAsync();
        };
    }

    public override async Task StartAsync()
    {
        while (true)
        {
            try
            {
                await _connection.StartAsync(_stopped.Token);
                break;
            }
            catch when (_stopped.IsCancellationRequested)
            {
                return;
            }
            catch
            {
                await Task.Delay(ClientSettings.Retry);
            }
        }

        await SubscribeAsync();
    }

    public override async Task<bool> SendAsync(int number, string rest)
    {
        await _connection.InvokeAsync("Message", number, rest);
        return true;
    }

    public override async Task CloseAsync()
    {
        await _stopped.CancelAsync();
        await _connection.StopAsync();
    }

    public override async Task DisposeAsync()
    {
        await _connection.DisposeAsync();
        _stopped.Dispose();
    }

    private async Task SubscribeAsync()
    {
        try
        {
            await _connection.InvokeAsync("From", _inbox.Last + 1);
        }
        catch (Exception) when (_connection.State != HubConnectionState.Connected)
        {
            // The connection was lost again; the next one subscribes.
        }
    }
}
