using System.Globalization;
using System.Net;
using CsCheck;
using Duplex.Testing;

namespace Duplex.Tests;

/// <summary>
/// A week of random faults in virtual time, with a server that follows a script. A run that fails is shrunk to the
/// fewest faults.
/// </summary>
[Collection(Alone.Name)]
public sealed class SimulatedWeekTests
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private static readonly TimeSpan MostServerDelay = TimeSpan.FromMinutes(12); // MaxServerDelay and a fifth

    // DUPLEX_WEEKS=10000 is the long run.
    private static readonly int Weeks = int.Parse(Environment.GetEnvironmentVariable("DUPLEX_WEEKS") ?? "200", CultureInfo.InvariantCulture);

    private static readonly Gen<Fault> AnyFault = Gen.Select(
        Gen.Enum<FaultKind>(), Gen.Int[0, 20], Gen.Int[1, 20_000], (kind, messages, seconds) => new Fault(kind, messages, seconds));

    public enum FaultKind
    {
        Refused,
        Unavailable,
        RetryAfter,
        Silence,
        Reset,
        End,
        Flap,
        Restart,
        TryLater,
        SlowReady,
        NeverReady,
    }

    [Fact]
    public async Task Whatever_fails_in_a_week_the_rules_hold() =>
        await AnyFault.List[0, 12].SampleAsync(RunAsync, iter: Weeks, threads: 1);

    private static async Task RunAsync(List<Fault> faults)
    {
        await using var server = new WebSocketTestServer();
        var world = new World();
        foreach (Fault fault in faults)
            world.Script(server, fault);
        server.OtherConnections().Run(world.ServeAsync).Wait(2 * Week);
        using HttpClient client = server.CreateClient(ws => ws.PingInterval = Timeout.InfiniteTimeSpan);
        List<UnconfirmedMessage> unconfirmed = [];
        ReconnectingWebSocket feed = client.CreateReconnectingWebSocket("feed", options =>
        {
            options.TimeProvider = server.Time;
            options.Observe = (frame, _) => world.Last = int.Parse(((Frame.Text)frame).ReadText(), CultureInfo.InvariantCulture);
            options.OnConnected(async (connection, token) =>
            {
                await connection.SendAsync($"from {world.Last + 1}", token);
                Assert.Equal("ready", await connection.Session.ReceiveTextAsync(token));
            });
            options.OnUnconfirmed = (messages, _) =>
            {
                unconfirmed.AddRange(messages);
                return default;
            };
        });
        List<ConnectionChange> changes = [];
        Task watching = WatchAsync(feed, changes);
        List<int> received = [];
        Task consuming = ConsumeAsync(feed, received);
        feed.Start();
        List<SendReceipt> receipts = [];
        for (int day = 0; day < 7; day++)
        {
            await server.Time.AdvanceAsync(TimeSpan.FromDays(1));
            receipts.Add(await server.Time.AdvanceUntilAsync(feed.SendAsync($"day {day}").AsTask(), TimeSpan.FromHours(1)));
        }

        await server.Time.AdvanceAsync(TimeSpan.FromMinutes(1));
        await server.Time.AdvanceUntilAsync(feed.DisposeAsync().AsTask(), TimeSpan.FromMinutes(1));
        await server.Time.AdvanceUntilAsync(Task.WhenAll(watching, consuming), TimeSpan.FromMinutes(1));

        Assert.Equal(0, world.Overlaps); // never two connections at once
        Assert.Equal(Enumerable.Range(0, received.Count), received); // each once, in order
        Assert.All(changes, change => Assert.InRange(change.Delay ?? TimeSpan.Zero, TimeSpan.Zero, MostServerDelay));
        Assert.Equal([.. changes.Select(change => change.Epoch).Order()], changes.Select(change => change.Epoch));
        Assert.Equal(receipts.Count, receipts.Distinct().Count());
        foreach (IGrouping<int, SendReceipt> epoch in receipts.GroupBy(receipt => receipt.Epoch))
            Assert.Equal(Enumerable.Range(1, epoch.Count()), epoch.Select(receipt => (int)receipt.Sequence));
        Assert.All(unconfirmed, message => Assert.Contains(message.Receipt, receipts));
        Assert.Equal(ConnectionPhase.Stopped, feed.Current.Phase);
        await server.DisposeAsync();
        Assert.Equal(0, server.Time.LiveTimers); // nothing is left behind
    }

    private static async Task WatchAsync(ReconnectingWebSocket feed, List<ConnectionChange> changes)
    {
        await foreach (ConnectionChange change in feed.Changes)
            changes.Add(change);
    }

    private static async Task ConsumeAsync(ReconnectingWebSocket feed, List<int> received)
    {
        await foreach (Frame frame in feed.Incoming.ReadAllAsync())
            received.Add(int.Parse(((Frame.Text)frame).ReadText(), CultureInfo.InvariantCulture));
    }

    public sealed record Fault(FaultKind Kind, int Messages, int Seconds);

    private sealed class World
    {
        private int _open;
        private int _overlaps;

        public int Last { get; set; } = -1;

        public int Overlaps => Volatile.Read(ref _overlaps);

        public void Script(WebSocketTestServer server, Fault fault)
        {
            ConnectionScript next = server.NextConnection();
            TimeSpan time = TimeSpan.FromSeconds(fault.Seconds);
            _ = fault.Kind switch
            {
                FaultKind.Refused => next.DropHandshake(),
                FaultKind.Unavailable => next.Refuse(HttpStatusCode.ServiceUnavailable),
                FaultKind.RetryAfter => next.Refuse(HttpStatusCode.ServiceUnavailable, headers: headers => headers.RetryAfter = new(time)),
                FaultKind.Silence => next.StallHandshake(),
                FaultKind.Reset => Served(next, fault).Wait(time).Run(Leave).Vanish(),
                FaultKind.End => Served(next, fault).Wait(time).Run(Leave).Vanish(ConnectionLoss.EndOfStream),
                FaultKind.Flap => Served(next, fault).Run(Leave).Close(),
                FaultKind.Restart => Served(next, fault).Wait(time).Run(Leave).Close(CloseCode.ServiceRestart),
                FaultKind.TryLater => Served(next, fault).Wait(time).Run(Leave).Close(CloseCode.TryAgainLater),
                FaultKind.SlowReady => next.Wait(TimeSpan.FromSeconds(fault.Seconds % 14)).Run(ServeAsync).Run(Leave).Vanish(),
                _ => next.Wait(TimeSpan.FromSeconds(20)),
            };
        }

        public async Task ServeAsync(DefaultWebSocketSession session, CancellationToken token) =>
            await ServeAsync(session, 3, token);

        private ConnectionScript Served(ConnectionScript next, Fault fault) =>
            next.Run((session, token) => ServeAsync(session, fault.Messages, token));

        private async Task ServeAsync(DefaultWebSocketSession session, int messages, CancellationToken token)
        {
            string? subscribed = await session.ReceiveTextAsync(token);
            if (subscribed is null)
                return;
            if (Interlocked.Increment(ref _open) > 1)
                Interlocked.Increment(ref _overlaps);
            await session.SendAsync("ready", token);
            int next = int.Parse(subscribed["from ".Length..], CultureInfo.InvariantCulture);
            for (int sent = 0; sent < messages; sent++)
                await session.SendAsync($"{next++}", token);
        }

        private Task Leave(DefaultWebSocketSession session, CancellationToken token)
        {
            Interlocked.Decrement(ref _open);
            return Task.CompletedTask;
        }
    }
}
