using System.Net;

namespace Duplex.Tests;

public class RetryAfterTests
{
    private const string Now = "Wed, 21 Oct 2026 07:28:00 GMT";

    [Theory]
    [InlineData("0", 0)]
    [InlineData("7", 7)]
    [InlineData(" 120 ", 120)]
    [InlineData("Wed, 21 Oct 2026 07:29:30 GMT", 90)]
    [InlineData("Wednesday, 21-Oct-26 07:29:30 GMT", 90)]
    [InlineData("Wed Oct 21 07:29:30 2026", 90)]
    [InlineData("Wed, 21 Oct 2026 06:00:00 GMT", 0)]
    [InlineData("Wed, 21 Oct 2026 07:28:00 GMT", 0)]
    public void Seconds_and_dates_are_read(string value, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryAfter.Of(Ended.Refusal(503, ("Retry-After", value), ("Date", Now))));

    [Theory]
    [InlineData("-1")]
    [InlineData("")]
    [InlineData("1.5")]
    [InlineData("soon")]
    [InlineData("٣")]
    [InlineData("7, 8")]
    [InlineData("Wed, 21 Oct")]
    public void What_is_not_legal_is_no_wait(string value) => Assert.Null(RetryAfter.Of(Ended.Refusal(503, ("Retry-After", value), ("Date", Now))));

    [Theory]
    [InlineData("2147483647")]
    [InlineData("99999999999999999999999999")]
    public void A_number_that_no_type_holds_is_a_very_long_wait(string value) => Assert.Equal(TimeSpan.MaxValue, RetryAfter.Of(Ended.Refusal(503, ("Retry-After", value))));

    [Fact]
    public void A_number_of_a_thousand_digits_is_a_very_long_wait() => Assert.Equal(TimeSpan.MaxValue, RetryAfter.Of(Ended.Refusal(503, ("Retry-After", new string('9', 1000)))));

    [Theory]
    [InlineData("Wed, 21 Oct 2026 07:28:00 GMT", null)]
    [InlineData("Wed, 21 Oct 2026 07:28:00 GMT", "yesterday")]
    [InlineData("Wed, 21 Oct 2026 07:28:00 GMT", "7")]
    public void A_date_needs_that_of_the_response(string value, string? date) =>
        Assert.Null(RetryAfter.Of(date is null ? Ended.Refusal(503, ("Retry-After", value)) : Ended.Refusal(503, ("Retry-After", value), ("Date", date))));

    [Fact]
    public void Several_headers_are_no_wait() => Assert.Null(RetryAfter.Of(Ended.Refusal(503, ("Retry-After", "7"), ("Retry-After", "8"))));

    [Fact]
    public void Errors_without_a_response_have_no_wait()
    {
        Assert.Null(RetryAfter.Of(null));
        Assert.Null(RetryAfter.Of(new IOException()));
        Assert.Null(RetryAfter.Of(new WebSocketHandshakeException()));
        Assert.Null(RetryAfter.Of(Ended.Refusal(503)));
        Assert.Equal(TimeSpan.FromSeconds(7), RetryAfter.Of(new AggregateException(Ended.Refusal((int)HttpStatusCode.TooManyRequests, ("Retry-After", "7")))));
    }
}
