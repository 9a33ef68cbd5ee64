using System.Threading.RateLimiting;
using Duplex.Testing;

namespace Duplex.Tests;

[Collection(nameof(FeedScene))]
public sealed class SendRateLimitTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly Limiter _limiter = new();

    [Theory]
    [InlineData(null, 5000, 1)]
    [InlineData(1000, 0, 1)]
    [InlineData(1000, 1, 1)]
    [InlineData(1000, 1000, 1)]
    [InlineData(1000, 1001, 2)]
    [InlineData(1, int.MaxValue, int.MaxValue)]
    public async Task A_message_takes_one_permit_or_one_for_each_part(int? bytesPerPermit, int bytes, int permits)
    {
        await Create(bytesPerPermit).WaitAsync(bytes, CancellationToken.None).Soon();

        Assert.Equal([permits], _limiter.Asked);
        Assert.Equal(1, _limiter.Returned);
    }

    [Theory]
    [InlineData(60_000, 60_000)]
    [InlineData(null, 100)]
    [InlineData(0, 1)]
    [InlineData(-5, 1)]
    public async Task A_refused_message_waits_as_long_as_the_limiter_asks_for(int? retryAfter, int wait)
    {
        _limiter.Refusals = 1;
        _limiter.RetryAfter = retryAfter is { } after ? TimeSpan.FromMilliseconds(after) : null;

        Task sending = Create().WaitAsync(10, CancellationToken.None).AsTask();
        await _time.AdvanceAsync(TimeSpan.FromMilliseconds(wait) - TimeSpan.FromTicks(1));
        Assert.False(sending.IsCompleted);
        await _time.AdvanceAsync(TimeSpan.FromTicks(1));

        await sending.Soon();
        Assert.Equal([1, 1], _limiter.Asked);
        Assert.Equal(2, _limiter.Returned);
    }

    [Fact]
    public async Task A_wait_that_no_timer_can_do_is_done_in_days()
    {
        _limiter.Refusals = 2;
        _limiter.RetryAfter = TimeSpan.MaxValue;

        Task sending = Create().WaitAsync(10, CancellationToken.None).AsTask();
        await _time.AdvanceUntilAsync(sending, TimeSpan.FromDays(2));

        Assert.Equal(3, _limiter.Asked.Count);
    }

    [Fact]
    public async Task The_token_ends_the_wait()
    {
        _limiter.Refusals = int.MaxValue;
        using var source = new CancellationTokenSource();

        Task sending = Create().WaitAsync(10, source.Token).AsTask();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.Soon());
    }

    [Fact]
    public async Task A_message_that_needs_more_than_the_limiter_ever_has_fails()
    {
        _limiter.Most = 3;

        var error = await Assert.ThrowsAsync<SendRateLimitException>(() => Create(10).WaitAsync(31, CancellationToken.None).Soon());

        Assert.Equal("The message needs 4 permits, and the rate limiter never has so many. It was not sent. Raise the limiter's limit or bytesPerPermit.", error.Message);
        Assert.IsType<ArgumentOutOfRangeException>(error.InnerException);
        Assert.Null(error.RetryAfter);
    }

    [Fact]
    public async Task A_refusal_can_throw_and_says_when_to_try_again()
    {
        _limiter.Refusals = 1;
        _limiter.RetryAfter = TimeSpan.FromSeconds(7);

        var error = await Assert.ThrowsAsync<SendRateLimitException>(() => Create(null, RateLimitRefusal.Throw).WaitAsync(1, CancellationToken.None).Soon());

        Assert.Equal(TimeSpan.FromSeconds(7), error.RetryAfter);
    }

    [Fact]
    public void The_exception_has_a_text_of_its_own() => Assert.Equal("The rate limiter refused the message.", new SendRateLimitException().Message);

    public void Dispose() => _limiter.Dispose();

    private SendRateLimit Create(int? bytesPerPermit = null, RateLimitRefusal refusal = RateLimitRefusal.Wait) =>
        new(new ReconnectingWebSocketOptions { TimeProvider = _time }, _limiter, bytesPerPermit, refusal);

    private sealed class Limiter : RateLimiter
    {
        public int Refusals { get; set; }

        public TimeSpan? RetryAfter { get; set; }

        public int Most { get; set; } = int.MaxValue;

        public List<int> Asked { get; } = [];

        public int Returned { get; private set; }

        public override TimeSpan? IdleDuration => null;

        public override RateLimiterStatistics? GetStatistics() => null;

        protected override RateLimitLease AttemptAcquireCore(int permitCount) => throw new NotSupportedException();

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(permitCount, Most);
            Asked.Add(permitCount);
            return new ValueTask<RateLimitLease>(new Lease(this, Refusals-- <= 0));
        }

        private sealed class Lease(Limiter limiter, bool isAcquired) : RateLimitLease
        {
            public override bool IsAcquired => isAcquired;

            public override IEnumerable<string> MetadataNames => limiter.RetryAfter is null ? [] : [MetadataName.RetryAfter.Name];

            public override bool TryGetMetadata(string metadataName, out object? metadata)
            {
                metadata = limiter.RetryAfter;
                return metadata is not null && metadataName == MetadataName.RetryAfter.Name;
            }

            protected override void Dispose(bool disposing)
            {
                limiter.Returned++;
                base.Dispose(disposing);
            }
        }
    }
}
