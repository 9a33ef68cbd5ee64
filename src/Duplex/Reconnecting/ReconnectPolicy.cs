namespace Duplex;

/// <summary>
/// Decides whether to connect again, and when. It has no clock and no randomness of its own: results go in, decisions
/// come out. Not thread-safe.
/// </summary>
internal sealed class ReconnectPolicy(StayConnectedOptions options)
{
    // The service may take this long to restart; its clients come back spread over that time.
    private static readonly TimeSpan RestartSpread = TimeSpan.FromSeconds(5);

    // An overloaded service gets at least this long without us.
    private static readonly TimeSpan OverloadPause = TimeSpan.FromSeconds(5);

    // A fifth more, at most: clients that a server sends away together do not come back together.
    private const double WaitSpread = 0.2;

    // Half of a double's 53 bits: the first decide the back-off, the rest the spread of a server's wait.
    private const double RollBits = 1 << 26;

    // The platform's timers count milliseconds; 2^31 - 1 of them are 24.8 days.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    // The state, changed by the public methods only.
    private int _delays; // since the last stable connection
    private bool _wasReady;
    private TimeSpan? _refusedSince; // the first fatal refusal since the last ready connection

    /// <summary>
    /// The attempts that failed, with the connections that were not stable, since the last stable one or the start.
    /// </summary>
    public int Failures { get; private set; }

    /// <summary>
    /// Whether the server answered 401 or 403 since the last ready connection. A second such answer is fatal; failures
    /// of other kinds between do not use the one retry up.
    /// </summary>
    public bool IsAuthRetry { get; private set; }

    /// <summary>The connection became ready.</summary>
    public void Ready()
    {
        _wasReady = true;
        _refusedSince = null;
        IsAuthRetry = false;
    }

    /// <summary>A connection ended that is not judged, because another had taken its place, or we closed it.</summary>
    public void Replaced(TimeSpan connectedFor)
    {
        if (connectedFor >= options.StableAfter)
            (Failures, _delays) = (0, 0);
    }

    /// <summary>
    /// An attempt failed, or a ready connection ended. Exceptions of the options' functions propagate.
    /// </summary>
    /// <param name="ended">What happened, without a decision.</param>
    /// <param name="now">The time since the start, which never goes back.</param>
    /// <param name="roll">A random number from 0 to 1, without 1.</param>
    /// <returns>The verdict with the decision, its reason, and the next delay.</returns>
    public DisconnectVerdict Judge(DisconnectVerdict ended, TimeSpan now, double roll)
    {
        bool wasStable = ended.Phase == DisconnectPhase.Ready && ended.ConnectedFor >= options.StableAfter;
        if (wasStable)
            (Failures, _delays) = (0, 0);
        else
            Failures++;

        (bool isTransient, string why, DelaySource source) = Decide(DisconnectTable.Of(ended), now);
        DisconnectVerdict verdict = ended with
        {
            IsTransient = isTransient,
            Why = why,
            NextDelay = null,
            DelaySource = DelaySource.None,
        };
        if (options.IsTransient is { } decides && decides(verdict) is var decided && decided != isTransient)
        {
            (isTransient, source) = (decided, DelaySource.Backoff);
            why += "; StayConnectedOptions.IsTransient decided otherwise";
        }

        if (isTransient && options.MaxAttempts is { } most && Failures >= most)
        {
            isTransient = false;
            why += "; MaxAttempts is reached";
        }

        verdict = verdict with { IsTransient = isTransient, Why = why };
        if (!isTransient)
            return verdict;
        (TimeSpan delay, source) = Delay(ended, wasStable, source, roll);
        return verdict with { NextDelay = delay, DelaySource = source };
    }

    private (bool IsTransient, string Why, DelaySource Source) Decide(DisconnectRow row, TimeSpan now)
    {
        switch (row.Rule)
        {
            case DisconnectRule.Transient:
                return (true, row.Why, DelaySource.Backoff);

            case DisconnectRule.Authentication when options.Configure is null:
                return (false, $"{row.Why}; no Configure is set that could renew the credentials", DelaySource.None);

            case DisconnectRule.Authentication when IsAuthRetry:
                return (false, $"{row.Why} again", DelaySource.None);

            case DisconnectRule.Authentication:
                IsAuthRetry = true;
                return (true, row.Why, DelaySource.Authentication);

            case DisconnectRule.Refusal when _wasReady:
                _refusedSince ??= now;
                return options.FatalGrace == Timeout.InfiniteTimeSpan || now - _refusedSince < options.FatalGrace
                    ? (true, row.Why, DelaySource.FatalGrace)
                    : (false, $"{row.Why}; FatalGrace is over", DelaySource.None);

            default:
                return (false, row.Why, DelaySource.None);
        }
    }

    private (TimeSpan Delay, DelaySource Source) Delay(
        DisconnectVerdict ended, bool wasStable, DelaySource source, double roll)
    {
        double first = Math.Floor(roll * RollBits) / RollBits;
        double spread = 1 + (WaitSpread * ((roll * RollBits) - Math.Floor(roll * RollBits)));

        // Full jitter: uniform below a bound that grows.
        double bound = options.MinDelay.TotalSeconds * Math.Pow(options.DelayFactor, _delays++);
        TimeSpan own = TimeSpan.FromSeconds(first * Math.Min(bound, options.MaxDelay.TotalSeconds));
        if (source == DelaySource.FatalGrace)
            own = Spread(options.MaxDelay, spread);

        bool isPeers = ended.Close is { Initiator: CloseInitiator.Remote, Received: not null };
        CloseReason? reason = isPeers ? ended.Close!.Received : null;
        if (reason is not null && options.ServerDelay?.Invoke(reason) is { } hint && hint >= TimeSpan.Zero)
            return AtLeast(hint, DelaySource.CloseReason);
        if (ended.Phase == DisconnectPhase.Connecting && RetryAfter.Of(ended.Error) is { } wait)
            return AtLeast(wait, DelaySource.RetryAfter);
        return reason?.Code switch
        {
            CloseCode.ServiceRestart when wasStable =>
                (first * Least(RestartSpread, options.MaxServerDelay), DelaySource.CloseCode),
            CloseCode.TryAgainLater => AtLeast(OverloadPause, DelaySource.CloseCode),
            _ => (own, source),
        };

        (TimeSpan Delay, DelaySource Source) AtLeast(TimeSpan servers, DelaySource by) =>
            Spread(Least(servers, options.MaxServerDelay), spread) is var least && least > own
                ? (least, by)
                : (own, source);
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Spread(TimeSpan wait, double spread) => Least(wait * spread, Longest);
}
