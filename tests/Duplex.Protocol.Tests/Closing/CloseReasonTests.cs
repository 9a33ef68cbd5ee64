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
    public void A_code_is_a_number_of_two_bytes()
    {
        int code = 4000;

        Assert.Equal(new CloseReason((CloseCode)4000, "bye"), new CloseReason(4000, "bye"));
        Assert.Equal(new CloseReason((CloseCode)4000), new CloseReason(code));
        Assert.Equal(new CloseReason((CloseCode)0), new CloseReason(0));
        Assert.Equal(new CloseReason((CloseCode)65535), new CloseReason(65535));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CloseReason(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CloseReason(65536));
        Assert.Throws<ArgumentOutOfRangeException>(() => CloseReason.Truncated(65536, "x"));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("short", "short")]
    [InlineData("x*123", "x*123")]
    [InlineData("x*124", "x*123")]
    [InlineData("é*62", "é*61")]
    [InlineData("世*42", "世*41")]
    [InlineData("🌍*31", "🌍*30")]
    public void A_text_is_cut_at_123_bytes_and_between_characters(string text, string expected)
    {
        CloseReason reason = CloseReason.Truncated(CloseCode.InternalError, Repeat(text));

        Assert.Equal((CloseCode.InternalError, Repeat(expected)), (reason.Code, reason.Message));
        Assert.Equal(reason, CloseReason.Truncated(1011, Repeat(text)));

        static string Repeat(string written) =>
            written.Split('*') is [var what, var count] ? string.Concat(Enumerable.Repeat(what, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture))) : written;
    }

    [Fact]
    public void A_cut_text_hides_no_unpaired_surrogate_in_what_is_kept()
    {
        Assert.Throws<ArgumentException>(() => CloseReason.Truncated(CloseCode.InternalError, "\uD83D"));
        Assert.Throws<ArgumentNullException>(() => CloseReason.Truncated(CloseCode.InternalError, null!));
        Assert.Equal(123, CloseReason.Truncated(CloseCode.InternalError, new string('x', 123) + "\uD83D").Message.Length);
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
