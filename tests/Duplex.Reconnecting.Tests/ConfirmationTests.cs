namespace Duplex.Tests;

/// <summary>A pong that answers a ping behind the messages confirms them.</summary>
public sealed class ConfirmationTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_pong_confirms_all_that_was_sent_before_its_ping_with_one_timer()
    {
        await using var scene = new Scene();
        (Connection connection, _) = await scene.OpenAsync();
        (UnconfirmedLedger ledger, Confirmation confirmation) = Create(scene, connection, Interval);
        for (int number = 0; number < 3; number++)
            Send(ledger, confirmation);
        Assert.Equal(1, scene.Time.ArmedTimers);
        Assert.False(ledger.IsEmpty);
        await scene.Time.Pass(Interval);
        await Patience.Until(() => ledger.IsEmpty);
        await Patience.Until(() => scene.Time.ArmedTimers == 0); // it rests

        Send(ledger, confirmation);
        await scene.Time.Pass(Interval);
        await Patience.Until(() => ledger.IsEmpty);
    }

    [Fact]
    public async Task What_is_sent_after_the_ping_waits_for_the_next()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        (UnconfirmedLedger ledger, Confirmation confirmation) = Create(scene, connection, Interval);
        Send(ledger, confirmation);
        await scene.Time.Pass(Interval);
        await Patience.Until(() => ledger.IsEmpty);
        Send(ledger, confirmation);
        Send(ledger, confirmation);
        Assert.False(ledger.IsEmpty);
        await scene.Time.Pass(Interval);
        await Patience.Until(() => ledger.IsEmpty);
    }

    [Fact]
    public async Task Nothing_is_confirmed_if_the_session_ends_first()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        (UnconfirmedLedger ledger, Confirmation confirmation) = Create(scene, connection, Interval);
        Send(ledger, confirmation);
        server.Abort();
        await connection.Session.Completion.Soon();
        await Patience.Until(() => scene.Time.ArmedTimers == 0);
        scene.Time.Advance(Interval * 10);
        Send(ledger, confirmation);
        Assert.Equal(2, ledger.TakeAll().Count);
    }

    [Fact]
    public async Task With_an_infinite_interval_nothing_is_asked()
    {
        await using var scene = new Scene();
        (Connection connection, _) = await scene.OpenAsync();
        (UnconfirmedLedger ledger, Confirmation confirmation) = Create(scene, connection, Timeout.InfiniteTimeSpan);
        Send(ledger, confirmation);
        Assert.Equal(0, scene.Time.ArmedTimers);
        Assert.False(ledger.IsEmpty);
    }

    private static (UnconfirmedLedger Ledger, Confirmation Confirmation) Create(Scene scene, Connection connection, TimeSpan interval)
    {
        var ledger = new UnconfirmedLedger(1, 1000, isKept: true);
        return (ledger, new Confirmation(connection.Session, ledger, scene.Time, interval));
    }

    private static void Send(UnconfirmedLedger ledger, Confirmation confirmation)
    {
        ledger.Add(new FeedMessage("x"));
        confirmation.OnSent();
    }
}
