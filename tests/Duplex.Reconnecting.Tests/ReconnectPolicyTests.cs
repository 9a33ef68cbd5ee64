using CsCheck;

namespace Duplex.Tests;

public class ReconnectPolicyTests
{
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Unstable = Stable - TimeSpan.FromTicks(1);
    private const double Highest = 1 - (1.0 / (1L << 53));

    private readonly StayConnectedOptions _options = new();

    [Fact]
    public void The_bound_of_the_delay_grows_to_the_largest()
    {
        ReconnectPolicy policy = Policy();

        double[] bounds = [.. Enumerable.Range(0, 9).Select(_ => Next(policy, Ended.Failed(), 0.5).TotalSeconds * 2)];

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30], bounds);
        Assert.Equal(9, policy.Failures);
    }

    [Fact]
    public void The_bound_is_the_largest_after_any_number_of_failures()
    {
        ReconnectPolicy policy = Policy();
        for (int i = 0; i < 5000; i++)
            policy.Judge(Ended.Failed(), default, 0);

        Assert.Equal(TimeSpan.FromSeconds(15), Next(policy, Ended.Failed(), 0.5));
    }

    [Fact]
    public void The_jitter_is_full()
    {
        Assert.Equal(TimeSpan.Zero, Next(Policy(), Ended.Failed(), 0));
        Assert.InRange(Next(Policy(), Ended.Failed(), Highest), TimeSpan.FromSeconds(0.4999), TimeSpan.FromSeconds(0.5));
    }

    [Fact]
    public void After_a_stable_connection_the_first_delay_is_the_first_again()
    {
        ReconnectPolicy policy = Policy();
        for (int i = 0; i < 5; i++)
            policy.Judge(Ended.Failed(), default, 0);
        policy.Ready();

        Assert.Equal(TimeSpan.FromSeconds(0.25), Next(policy, Ended.Ready(Stable), 0.5));
        Assert.Equal(0, policy.Failures);
        Assert.Equal(TimeSpan.FromSeconds(0.5), Next(policy, Ended.Failed(), 0.5));
        Assert.Equal(1, policy.Failures);
    }

    [Fact]
    public void A_connection_that_is_ready_but_not_stable_earns_nothing_back()
    {
        ReconnectPolicy policy = Policy();
        for (int i = 0; i < 3; i++)
        {
            policy.Ready();
            policy.Judge(Ended.Ready(Unstable, Ended.ByPeer(1000)), default, 0);
        }

        Assert.Equal(3, policy.Failures);
        Assert.Equal(TimeSpan.FromSeconds(2), Next(policy, Ended.Failed(), 0.5));
    }

    [Theory]
    [InlineData("7", 7, DelaySource.RetryAfter)]
    [InlineData("600", 600, DelaySource.RetryAfter)]
    [InlineData("601", 600, DelaySource.RetryAfter)]
    [InlineData("99999999999999999999", 600, DelaySource.RetryAfter)]
    [InlineData("0", 0.25, DelaySource.Backoff)]
    [InlineData("soon", 0.25, DelaySource.Backoff)]
    public void A_servers_wait_is_clamped_and_spread_upwards(string value, double seconds, DelaySource source)
    {
        DisconnectVerdict refused = Ended.Refused(503, ("Retry-After", value));

        // One half is a round number in the first half of the bits: the spread is zero.
        DisconnectVerdict least = Policy().Judge(refused, default, 0.5);
        DisconnectVerdict most = Policy().Judge(refused, default, Highest);

        Assert.Equal((TimeSpan.FromSeconds(seconds), source), (least.NextDelay, least.DelaySource));
        if (source == DelaySource.RetryAfter)
            Assert.InRange(most.NextDelay!.Value.TotalSeconds, seconds * 1.1999, seconds * 1.2);
    }

    [Fact]
    public void A_servers_wait_is_never_below_back_off()
    {
        ReconnectPolicy policy = Policy();
        for (int i = 0; i < 9; i++)
            policy.Judge(Ended.Failed(), default, 0);

        DisconnectVerdict verdict = policy.Judge(Ended.Refused(429, ("Retry-After", "7")), default, 0.5);

        Assert.Equal((TimeSpan.FromSeconds(15), DelaySource.Backoff), (verdict.NextDelay, verdict.DelaySource));
    }

    [Fact]
    public void The_longest_wait_fits_a_timer()
    {
        _options.MaxServerDelay = TimeSpan.FromMilliseconds(int.MaxValue);

        Assert.Equal(TimeSpan.FromMilliseconds(int.MaxValue), Next(Policy(), Ended.Refused(503, ("Retry-After", new string('9', 400))), Highest));
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.5, 2.5)]
    [InlineData(0.75, 3.75)]
    public void A_restart_spreads_the_clients_of_stable_connections(double roll, double seconds)
    {
        DisconnectVerdict verdict = Policy().Judge(Ended.Ready(Stable, Ended.ByPeer(1012)), default, roll);

        Assert.Equal((TimeSpan.FromSeconds(seconds), DelaySource.CloseCode), (verdict.NextDelay, verdict.DelaySource));
    }

    [Fact]
    public void A_restart_of_a_connection_that_was_not_stable_is_any_failure() =>
        Assert.Equal(DelaySource.Backoff, Policy().Judge(Ended.Ready(Unstable, Ended.ByPeer(1012)), default, 0.5).DelaySource);

    [Fact]
    public void An_overloaded_server_gets_its_pause()
    {
        foreach (TimeSpan connectedFor in (TimeSpan[])[Stable, Unstable])
        {
            Assert.Equal(TimeSpan.FromSeconds(5), Next(Policy(), Ended.Ready(connectedFor, Ended.ByPeer(1013)), 0));
            Assert.InRange(Next(Policy(), Ended.Ready(connectedFor, Ended.ByPeer(1013)), Highest).TotalSeconds, 5.999, 6);
        }

        ReconnectPolicy tired = Policy();
        for (int i = 0; i < 9; i++)
            tired.Judge(Ended.Failed(), default, 0);
        Assert.Equal(TimeSpan.FromSeconds(15), Next(tired, Ended.Ready(Unstable, Ended.ByPeer(1013)), 0.5));
    }

    [Fact]
    public void An_echo_of_our_own_code_is_no_word_of_the_server()
    {
        _options.ServerDelay = _ => throw new FormatException();

        Assert.Equal(DelaySource.Backoff, Policy().Judge(Ended.Ready(Stable, Ended.ByUs(1013)), default, 0.5).DelaySource);
        Assert.Equal(DelaySource.Backoff, Policy().Judge(Ended.Ready(Stable, Ended.ByUs(1012)), default, 0.5).DelaySource);
    }

    [Theory]
    [InlineData(40.0, 40, DelaySource.CloseReason)]
    [InlineData(4000.0, 600, DelaySource.CloseReason)]
    [InlineData(0.1, 0.25, DelaySource.Backoff)]
    [InlineData(-1.0, 5, DelaySource.CloseCode)]
    [InlineData(null, 5, DelaySource.CloseCode)]
    public void A_hint_in_the_reason_of_a_close_counts_before_its_code(double? hint, double seconds, DelaySource source)
    {
        _options.ServerDelay = reason => reason.Message == "later" && hint is { } value ? TimeSpan.FromSeconds(value) : null;

        DisconnectVerdict verdict = Policy().Judge(Ended.Ready(Stable, Ended.ByPeer(1013, "later")), default, 0.5);

        Assert.Equal((TimeSpan.FromSeconds(seconds), source), (verdict.NextDelay, verdict.DelaySource));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public void New_credentials_are_tried_once_for_each_ready_connection(int status)
    {
        _options.Configure = (_, _, _) => default;
        ReconnectPolicy policy = Policy();
        for (int i = 0; i < 2; i++)
        {
            Assert.False(policy.IsAuthRetry);
            DisconnectVerdict first = policy.Judge(Ended.Refused(status), default, 0.5);
            Assert.Equal((true, DelaySource.Authentication), (first.IsTransient, first.DelaySource));
            Assert.True(policy.IsAuthRetry);
            policy.Ready();
            policy.Judge(Ended.Ready(Stable), default, 0.5);
        }

        policy.Judge(Ended.Refused(401), default, 0.5);
        DisconnectVerdict second = policy.Judge(Ended.Refused(403), TimeSpan.FromSeconds(1), 0.5);
        Assert.Equal((false, null, DelaySource.None, "the server answered 403 again"), (second.IsTransient, second.NextDelay, second.DelaySource, second.Why));
    }

    [Fact]
    public void A_failure_before_the_server_sees_the_new_credentials_does_not_use_them_up()
    {
        _options.Configure = (_, _, _) => default;
        ReconnectPolicy policy = Policy();
        policy.Judge(Ended.Refused(401), default, 0.5);
        policy.Judge(Ended.Failed() with { Phase = DisconnectPhase.Configuring }, default, 0.5);

        Assert.True(policy.IsAuthRetry);
        Assert.False(policy.Judge(Ended.Refused(401), default, 0.5).IsTransient);
    }

    [Fact]
    public void Without_Configure_there_is_no_new_credential_to_try()
    {
        ReconnectPolicy policy = Policy();
        policy.Ready();

        Assert.False(policy.Judge(Ended.Refused(401), default, 0.5).IsTransient);
    }

    [Fact]
    public void A_fatal_refusal_before_the_first_connection_is_final() => Assert.False(Policy().Judge(Ended.Refused(404), default, 0.5).IsTransient);

    [Fact]
    public void A_fatal_refusal_later_is_retried_for_a_time()
    {
        ReconnectPolicy policy = Policy();
        policy.Ready();
        policy.Judge(Ended.Ready(Stable), default, 0.5);
        var from = TimeSpan.FromHours(1);

        Assert.Equal(DelaySource.FatalGrace, policy.Judge(Ended.Refused(404), from, 0.5).DelaySource);
        Assert.Equal(TimeSpan.FromSeconds(30), Next(policy, Ended.Failed(HandshakeCheck.Certificate), 0.5, from + TimeSpan.FromMinutes(5)));
        Assert.InRange(Next(policy, Ended.Refused(404), Highest, from + TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1)).TotalSeconds, 35.99, 36);
        DisconnectVerdict last = policy.Judge(Ended.Refused(404), from + TimeSpan.FromMinutes(10), 0.5);
        Assert.Equal((false, "the server answered 404; FatalGrace is over"), (last.IsTransient, last.Why));

        policy.Ready();
        Assert.True(policy.Judge(Ended.Refused(404), from + TimeSpan.FromHours(1), 0.5).IsTransient);
    }

    [Fact]
    public void The_grace_can_be_endless_and_knows_the_servers_wait()
    {
        _options.FatalGrace = Timeout.InfiniteTimeSpan;
        ReconnectPolicy policy = Policy();
        policy.Ready();
        policy.Judge(Ended.Refused(404), default, 0.5);

        DisconnectVerdict verdict = policy.Judge(Ended.Refused(404, ("Retry-After", "100")), TimeSpan.FromDays(100), 0.5);

        Assert.Equal((TimeSpan.FromSeconds(100), DelaySource.RetryAfter), (verdict.NextDelay, verdict.DelaySource));
    }

    [Fact]
    public void A_mistake_has_no_grace()
    {
        ReconnectPolicy policy = Policy();
        policy.Ready();

        Assert.False(policy.Judge(Ended.Failed(new InvalidOperationException()), default, 0.5).IsTransient);
        Assert.False(policy.Judge(Ended.Ready(Stable, Ended.ByPeer(1008)), default, 0.5).IsTransient);
    }

    [Fact]
    public void The_predicate_gets_the_tables_decision_and_has_the_last_word()
    {
        List<(bool, string)> seen = [];
        _options.IsTransient = verdict =>
        {
            seen.Add((verdict.IsTransient, verdict.Why));
            Assert.Null(verdict.NextDelay);
            return !verdict.IsTransient;
        };

        DisconnectVerdict again = Policy().Judge(Ended.Refused(404), default, 0.5);
        DisconnectVerdict never = Policy().Judge(Ended.Refused(503), default, 0.5);

        Assert.Equal([(false, "the server answered 404"), (true, "the server failed")], seen);
        Assert.Equal((true, TimeSpan.FromSeconds(0.25), DelaySource.Backoff), (again.IsTransient, again.NextDelay, again.DelaySource));
        Assert.Equal("the server answered 404; StayConnectedOptions.IsTransient decided otherwise", again.Why);
        Assert.Equal((false, null, DelaySource.None), (never.IsTransient, never.NextDelay, never.DelaySource));
    }

    [Fact]
    public void What_the_functions_of_the_options_throw_propagates()
    {
        _options.ServerDelay = _ => throw new FormatException();
        Assert.Throws<FormatException>(() => Policy().Judge(Ended.Ready(Stable, Ended.ByPeer(1001)), default, 0.5));
        _options.IsTransient = _ => throw new KeyNotFoundException();
        Assert.Throws<KeyNotFoundException>(() => Policy().Judge(Ended.Failed(), default, 0.5));
    }

    [Fact]
    public void The_hint_is_not_asked_for_if_there_is_no_further_attempt()
    {
        _options.ServerDelay = _ => throw new FormatException();

        Assert.False(Policy().Judge(Ended.Ready(Stable, Ended.ByPeer(1008)), default, 0.5).IsTransient);
    }

    [Fact]
    public void Attempts_are_limited()
    {
        _options.MaxAttempts = 3;
        ReconnectPolicy policy = Policy();

        Assert.True(policy.Judge(Ended.Failed(), default, 0.5).IsTransient);
        Assert.True(policy.Judge(Ended.Failed(), default, 0.5).IsTransient);
        policy.Ready();
        Assert.True(policy.Judge(Ended.Ready(Stable), default, 0.5).IsTransient);
        Assert.True(policy.Judge(Ended.Failed(), default, 0.5).IsTransient);
        Assert.True(policy.Judge(Ended.Failed(), default, 0.5).IsTransient);
        DisconnectVerdict last = policy.Judge(Ended.Failed(), default, 0.5);
        Assert.Equal((false, null, DelaySource.None, "the connection was lost; MaxAttempts is reached"), (last.IsTransient, last.NextDelay, last.DelaySource, last.Why));
        Assert.Equal(3, policy.Failures);
    }

    [Fact]
    public void What_was_given_stays_in_the_verdict()
    {
        DisconnectVerdict ended = Ended.Ready(Stable, Ended.ByPeer(1001, "s3cret")) with { Epoch = 7, LastRoundTrip = Stable };

        DisconnectVerdict verdict = Policy().Judge(ended, default, 0.5);

        Assert.Equal((7, ended.Close, Stable, Stable), (verdict.Epoch, verdict.Close, verdict.LastRoundTrip, verdict.ConnectedFor));
        Assert.DoesNotContain("s3cret", verdict.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Delays_are_within_the_policys_bounds_and_never_below_the_servers_word() => Gen.Select(
        Gen.Select(Gen.Double[0.001, 100], Gen.Double[0.001, 100], Gen.Double[1, 5], Gen.Double[0.001, 1000]),
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2000], Gen.Double[0, 20], Gen.Double[0, 1]).Array[1, 30])
        .Sample((settings, events) =>
        {
            (double min, double max, double factor, double servers) = settings;
            var options = new StayConnectedOptions
            {
                MinDelay = TimeSpan.FromSeconds(min),
                MaxDelay = TimeSpan.FromSeconds(max),
                DelayFactor = factor,
                MaxServerDelay = TimeSpan.FromSeconds(servers),
            };
            var policy = new ReconnectPolicy(options);
            foreach ((int kind, int retryAfter, double connectedFor, double any) in events)
            {
                double roll = Math.Min(any, Highest);
                var ready = TimeSpan.FromSeconds(connectedFor);
                int before = policy.Failures;
                DisconnectVerdict verdict = policy.Judge(
                    kind switch
                    {
                        0 => Ended.Failed(),
                        1 => Ended.Refused(503, ("Retry-After", $"{retryAfter}")),
                        2 => Ended.Ready(ready, Ended.ByPeer(1013)),
                        _ => Ended.Ready(ready),
                    },
                    default,
                    roll);

                double delay = verdict.NextDelay!.Value.TotalSeconds;
                double least = kind switch { 1 => Math.Min(retryAfter, servers), 2 => Math.Min(5, servers), _ => 0 };
                Assert.True(verdict.IsTransient);
                Assert.True(delay >= least - 1e-6);
                Assert.True(delay <= 1e-6 + (verdict.DelaySource == DelaySource.Backoff ? Math.Min(max, min * Math.Pow(factor, policy.Failures)) : servers * 1.2));
                Assert.Equal(kind >= 2 && ready >= options.StableAfter ? 0 : before + 1, policy.Failures);
            }
        }, iter: 10_000);

    // With the defaults, the bound of the delay is 30 s after 6 delays; these then have a mean of 15 s and a variance of 75 s². By the central limit of a
    // renewal process, the number of delays in an hour has the mean 3600 / 15 = 240 and the variance 3600 * 75 / 15³ = 80. With the first 7 attempts and
    // 8 standard deviations it is at most 240 + 7 + 72 = 319. Each attempt takes no time, which is the worst case.
    [Fact]
    public void A_server_that_accepts_and_drops_is_never_hammered() =>
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Double[0, 9.999]).Sample((seed, connectedFor) =>
        {
            var random = new Random(seed);
            ReconnectPolicy policy = Policy();
            int attempts = 0;
            for (double now = 0; now < 3600; attempts++)
            {
                policy.Ready();
                var ready = TimeSpan.FromSeconds(attempts % 2 == 0 ? 0 : connectedFor);
                DisconnectVerdict verdict = policy.Judge(Ended.Ready(ready, Ended.ByPeer(attempts % 3 == 0 ? 1000 : 1012)), TimeSpan.FromSeconds(now), random.NextDouble());
                now += verdict.NextDelay!.Value.TotalSeconds;
            }

            Assert.InRange(attempts, 1, 319);
        }, iter: 1_000);

    // A stable connection may return at once, but is at least 10 s long: with a retry in [0, 0.5 s] at most 360 in an hour.
    [Fact]
    public void A_server_that_drops_stable_connections_is_asked_as_often_as_they_last()
    {
        ReconnectPolicy policy = Policy();
        int attempts = 0;
        for (var now = TimeSpan.Zero; now < TimeSpan.FromHours(1); attempts++)
        {
            policy.Ready();
            now += Stable + Next(policy, Ended.Ready(Stable), 0, now);
        }

        Assert.Equal(360, attempts);
    }

    [Fact]
    public void The_two_random_numbers_of_a_roll_are_uniform_and_independent()
    {
        var random = new Random(7);
        int[,] counts = new int[4, 4];
        for (int i = 0; i < 16_000; i++)
        {
            double roll = random.NextDouble();
            double delay = Next(Policy(), Ended.Failed(), roll).TotalSeconds / 0.5;
            double spread = (Next(Policy(), Ended.Refused(503, ("Retry-After", "100")), roll).TotalSeconds - 100) / 20;
            counts[(int)(delay * 4), Math.Min(3, (int)(spread * 4))]++;
        }

        foreach (int count in counts)
            Assert.InRange(count, 850, 1150);
    }

    private static TimeSpan Next(ReconnectPolicy policy, DisconnectVerdict ended, double roll, TimeSpan now = default) => policy.Judge(ended, now, roll).NextDelay!.Value;

    private ReconnectPolicy Policy() => new(_options);
}
