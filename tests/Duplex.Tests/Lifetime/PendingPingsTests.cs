using System.Buffers.Binary;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class PendingPingsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly PendingPings _ledger;

    public PendingPingsTests() => _ledger = new PendingPings(_time);

    [Fact]
    public async Task A_pong_gives_the_time_since_its_ping()
    {
        PendingPings.Ping ping = Send(out byte[] payload);
        _time.Advance(TimeSpan.FromMilliseconds(30));
        Assert.Null(_ledger.LastRoundTripTime);

        _ledger.OnPong(payload);

        Assert.Equal(TimeSpan.FromMilliseconds(30), await ping.Task.Soon());
        Assert.Equal(TimeSpan.FromMilliseconds(30), _ledger.LastRoundTripTime);
    }

    [Fact]
    public void Each_ping_has_a_number_of_its_own_as_its_payload()
    {
        Send(out byte[] first);
        Send(out byte[] second);

        Assert.Equal(1UL, BinaryPrimitives.ReadUInt64BigEndian(first));
        Assert.Equal(2UL, BinaryPrimitives.ReadUInt64BigEndian(second));
    }

    [Fact]
    public async Task A_pong_answers_its_ping_and_all_earlier_ones_but_no_later_one()
    {
        PendingPings.Ping first = Send(out _);
        _time.Advance(TimeSpan.FromSeconds(1));
        PendingPings.Ping second = Send(out byte[] payload);
        PendingPings.Ping third = Send(out _);
        _time.Advance(TimeSpan.FromSeconds(1));

        _ledger.OnPong(payload);

        Assert.Equal(TimeSpan.FromSeconds(2), await first.Task.Soon());
        Assert.Equal(TimeSpan.FromSeconds(1), await second.Task.Soon());
        Assert.False(third.Task.IsCompleted);
        Assert.Equal(TimeSpan.FromSeconds(1), _ledger.LastRoundTripTime); // of the ping that the pong named
    }

    [Theory, InlineData(""), InlineData("01"), InlineData("0000000000000002"), InlineData("0000000000000000"), InlineData("000000000000000100")]
    public void A_pong_that_nobody_asked_for_answers_nothing(string payload)
    {
        PendingPings.Ping ping = Send(out _);

        Assert.Equal(0UL, _ledger.OnPong(Convert.FromHexString(payload)));

        Assert.False(ping.Task.IsCompleted);
        Assert.Null(_ledger.LastRoundTripTime);
    }

    [Fact]
    public void A_pong_that_comes_twice_counts_once()
    {
        Send(out byte[] payload);
        Assert.Equal(1UL, _ledger.OnPong(payload));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0UL, _ledger.OnPong(payload));

        Assert.Equal(TimeSpan.Zero, _ledger.LastRoundTripTime);
    }

    [Fact]
    public void It_tells_up_to_which_ping_all_are_answered()
    {
        Send(out byte[] own, isAwaited: false);
        Send(out byte[] users, isAwaited: true);
        Assert.Equal(1UL, _ledger.OnPong(own));
        Send(out byte[] older, isAwaited: false);
        Send(out byte[] newer, isAwaited: false);

        Assert.Equal(3UL, _ledger.OnPong(older));
        Assert.Equal(4UL, _ledger.OnPong(newer));
        Assert.Equal(0UL, _ledger.OnPong(users)); // answered by those that came after it
    }

    // RFC 6455 §5.5.3: "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping frame(s), the endpoint MAY elect to send a Pong frame
    // for only the most recently processed Ping frame."
    [Fact]
    public async Task The_pong_of_a_ping_that_was_withdrawn_answers_the_earlier_ones_all_the_same()
    {
        PendingPings.Ping earlier = Send(out _);
        PendingPings.Ping withdrawn = Send(out byte[] payload);

        _ledger.Withdraw(withdrawn);

        Assert.True(withdrawn.Task.IsCanceled);
        Assert.Equal(2UL, _ledger.OnPong(payload));
        Assert.Equal(TimeSpan.Zero, await earlier.Task.Soon());
    }

    [Fact]
    public void Of_pings_that_nobody_awaits_only_the_last_are_remembered()
    {
        byte[][] own = [.. Enumerable.Range(0, 100).Select(_ =>
        {
            Send(out byte[] payload, isAwaited: false);
            return payload;
        })];

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1UL, _ledger.OnPong(own[0])); // it answers, though nobody knows any more when it was sent
        Assert.Null(_ledger.LastRoundTripTime);
        Assert.Equal(100UL, _ledger.OnPong(own[^1]));
        Assert.Equal(TimeSpan.FromSeconds(1), _ledger.LastRoundTripTime);
    }

    [Fact]
    public void A_ping_that_was_withdrawn_does_not_tell_the_round_trip_time()
    {
        _ledger.Withdraw(Send(out byte[] payload));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1UL, _ledger.OnPong(payload));
        Assert.Null(_ledger.LastRoundTripTime);
    }

    [Theory]
    [InlineData(15, true)]
    [InlineData(16, false)]
    public void Sixteen_pings_that_nobody_awaits_are_remembered(int later, bool isRemembered)
    {
        Send(out byte[] first, isAwaited: false);
        for (int i = 0; i < later; i++)
            Send(out _, isAwaited: false);

        Assert.Equal(1UL, _ledger.OnPong(first));
        Assert.Equal(isRemembered, _ledger.LastRoundTripTime is not null);
    }

    [Fact]
    public async Task Pings_and_pongs_may_meet_on_many_threads()
    {
        const int Each = 500;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
            {
                PendingPings.Ping ping = Send(out byte[] payload);
                _ledger.OnPong(payload);
                await ping.Task; // by its own pong or by a later one
            }
        }))).Soon();
    }

    private PendingPings.Ping Send(out byte[] payload, bool isAwaited = true)
    {
        payload = new byte[PendingPings.PayloadSize];
        return _ledger.Add(payload, isAwaited);
    }
}
