namespace Duplex.Tests;

public sealed class ReconnectingWebSocketOptionsTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    [Fact]
    public void The_defaults_are_those_of_the_documentation()
    {
        var options = new ReconnectingWebSocketOptions();
        Assert.Equal(TimeSpan.FromSeconds(15), options.ReadyTimeout);
        Assert.Equal(TimeSpan.FromSeconds(1), options.ConfirmInterval);
        Assert.Equal(Timeout.InfiniteTimeSpan, options.MaxConnectionAge);
        Assert.Equal(TimeSpan.FromSeconds(2), options.Overlap);
        Assert.Equal(0.1, options.ConnectionAgeJitter);
        Assert.Equal(1024 * 1024, options.MaxUnconfirmedBytes);
        Assert.Equal((4096, 4L * 1024 * 1024), (options.Incoming.Capacity, options.Incoming.MaxBytes));
        Assert.False(options.StrictRotation);
        Assert.True(options.IsForFeed);
        Assert.Null(options.Connected);
    }

    [Fact]
    public void Times_are_positive_and_all_but_the_overlap_may_be_infinite()
    {
        (Action<ReconnectingWebSocketOptions, TimeSpan> Set, Func<ReconnectingWebSocketOptions, TimeSpan> Get, bool MayBeInfinite)[] times =
        [
            ((options, value) => options.ReadyTimeout = value, options => options.ReadyTimeout, true),
            ((options, value) => options.ConfirmInterval = value, options => options.ConfirmInterval, true),
            ((options, value) => options.MaxConnectionAge = value, options => options.MaxConnectionAge, true),
            ((options, value) => options.Overlap = value, options => options.Overlap, false),
        ];
        foreach ((Action<ReconnectingWebSocketOptions, TimeSpan> set, Func<ReconnectingWebSocketOptions, TimeSpan> get, bool mayBeInfinite) in times)
        {
            var options = new ReconnectingWebSocketOptions();
            set(options, Longest);
            Assert.Equal(Longest, get(options));
            foreach (TimeSpan value in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromTicks(-1), Longest + TimeSpan.FromTicks(1)])
                Assert.Throws<ArgumentOutOfRangeException>(() => set(options, value));
            if (mayBeInfinite)
                set(options, Timeout.InfiniteTimeSpan);
            else
                Assert.Throws<ArgumentOutOfRangeException>(() => set(options, Timeout.InfiniteTimeSpan));
        }
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(-0.001, false)]
    [InlineData(1.001, false)]
    [InlineData(double.NaN, false)]
    public void The_jitter_is_a_part(double jitter, bool isValid)
    {
        var options = new ReconnectingWebSocketOptions();
        if (isValid)
            options.ConnectionAgeJitter = jitter;
        else
            Assert.Throws<ArgumentOutOfRangeException>(() => options.ConnectionAgeJitter = jitter);
        Assert.Equal(isValid ? jitter : 0.1, options.ConnectionAgeJitter);
    }

    [Fact]
    public void Kept_bytes_are_not_negative()
    {
        Assert.Equal(0, new ReconnectingWebSocketOptions { MaxUnconfirmedBytes = 0 }.MaxUnconfirmedBytes);
        Assert.Equal(long.MaxValue, new ReconnectingWebSocketOptions { MaxUnconfirmedBytes = long.MaxValue }.MaxUnconfirmedBytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReconnectingWebSocketOptions { MaxUnconfirmedBytes = -1 });
    }

    [Fact]
    public void Incoming_can_only_suspend()
    {
        var options = new ReconnectingWebSocketOptions { Incoming = ChannelConfig.Unlimited };
        Assert.Same(ChannelConfig.Unlimited, options.Incoming);
        Assert.Throws<ArgumentNullException>(() => options.Incoming = null!);
        foreach (ChannelOverflow overflow in Enum.GetValues<ChannelOverflow>().Where(one => one != ChannelOverflow.Suspend))
            Assert.Throws<ArgumentException>(() => options.Incoming = ChannelConfig.Bounded(1, overflow: overflow));
        Assert.Same(ChannelConfig.Unlimited, options.Incoming);
    }

    [Fact]
    public void There_is_one_hook_and_a_second_is_told_so()
    {
        var options = new ReconnectingWebSocketOptions();
        Assert.Throws<ArgumentNullException>(() => options.OnConnected((Func<ConnectedSession, CancellationToken, Task>)null!));
        Assert.Throws<ArgumentNullException>(() => options.OnConnected((Func<ConnectedSession, CancellationToken, ValueTask>)null!));
        options.OnConnected((_, _) => Task.CompletedTask);
        Func<ConnectedSession, CancellationToken, Task> first = options.Connected!;
        Assert.Throws<InvalidOperationException>(() => options.OnConnected((_, _) => default(ValueTask)));
        Assert.Same(first, options.Connected);
    }

    [Fact]
    public async Task A_hook_may_be_a_ValueTask()
    {
        var options = new ReconnectingWebSocketOptions();
        options.OnConnected((_, token) => token.IsCancellationRequested ? ValueTask.FromException(new FormatException()) : default);
        await options.Connected!(null!, CancellationToken.None);
        await Assert.ThrowsAsync<FormatException>(() => options.Connected(null!, new CancellationToken(true)));
    }
}
