namespace Duplex.Tests;

public class CloseReasonTests
{
    [Fact]
    [KtorParity("close-and-errors/CloseReason.Codes", "weakness/24-close-reasons")]
    public void Every_code_may_be_sent_that_the_RFC_and_the_registry_allow_and_no_other()
    {
        for (int code = 0; code <= ushort.MaxValue; code++)
        {
            bool isSendable = code is 1000 or 1001 or 1002 or 1003 or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
            Assert.Equal(isSendable, CloseReason.IsSendableCode((CloseCode)code));
        }

        Assert.True(CloseReason.Normal.IsSendable);
        Assert.False(CloseReason.NoStatus.IsSendable);
        Assert.False(CloseReason.Abnormal.IsSendable);
    }

    [Fact]
    [KtorParity("close-and-errors/a-message-of-more-than-123-bytes", "test-protocol/ControlFrameSizeTest-reason-texts")]
    public void A_text_takes_123_UTF_8_bytes_and_no_more()
    {
        Assert.Equal(123, new CloseReason(CloseCode.NormalClosure, new string('x', 123)).Message.Length);
        Assert.Equal(61, new CloseReason(CloseCode.NormalClosure, new string('é', 61)).Message.Length);
        Assert.Throws<ArgumentException>(() => new CloseReason(CloseCode.NormalClosure, new string('x', 124)));
        Assert.Throws<ArgumentException>(() => new CloseReason(CloseCode.NormalClosure, new string('é', 62)));
    }

    [Fact]
    [KtorParity("test-protocol/ControlFrameSizeTest-lone-surrogates")]
    public void A_text_with_half_of_a_surrogate_pair_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new CloseReason(CloseCode.NormalClosure, "\uD83D"));
        Assert.Throws<ArgumentNullException>(() => new CloseReason(CloseCode.NormalClosure, null!));
    }

    [Fact]
    public void Errors_never_show_the_text()
    {
        string secret = "secret" + new string('x', 124);

        var exception = Assert.Throws<ArgumentException>(() => new CloseReason(CloseCode.NormalClosure, secret));

        Assert.DoesNotContain("secret", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("close-and-errors/CloseReason-code-message")]
    public void Reasons_are_equal_by_code_and_text()
    {
        Assert.Equal(new CloseReason((CloseCode)4000, "a"), new CloseReason((CloseCode)4000, "a"));
        Assert.NotEqual(new CloseReason((CloseCode)4000, "a"), new CloseReason((CloseCode)4000, "b"));
        Assert.NotEqual(new CloseReason((CloseCode)4000, "a"), new CloseReason((CloseCode)4001, "a"));
        Assert.Equal(new CloseReason(CloseCode.NormalClosure), CloseReason.Normal);
    }

    [Theory]
    [InlineData(1001, "", "1001 GoingAway")]
    [InlineData(1001, "bye", "1001 GoingAway: bye")]
    [InlineData(4000, "", "4000")]
    [InlineData(4000, "mine", "4000: mine")]
    [InlineData(4000, "two\nlines, \"one\" reason", "4000: two\\u000Alines, \\\"one\\\" reason")]
    [KtorParity("close-and-errors/knownReason-Codes.byCode-toString")]
    public void Its_string_form_tells_code_name_and_text(int code, string message, string expected) =>
        Assert.Equal(expected, new CloseReason((CloseCode)code, message).ToString());
}
