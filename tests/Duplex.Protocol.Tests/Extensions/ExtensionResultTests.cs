namespace Duplex.Tests;

public class ExtensionResultTests
{
    [Fact]
    public void It_is_untouched_done_or_failed()
    {
        Assert.Equal(default, ExtensionResult.Untouched);
        Assert.True(ExtensionResult.Untouched.IsUntouched);
        Assert.Equal((false, ReservedBits.Rsv1, (ProtocolViolation?)null), (ExtensionResult.Done(ReservedBits.Rsv1).IsUntouched, ExtensionResult.Done(ReservedBits.Rsv1).Reserved, ExtensionResult.Done().Violation));
        ProtocolViolation violation = ExtensionResult.Failed(CloseCode.InvalidFramePayloadData, "Bad.").Violation!;
        Assert.Equal((CloseCode.InvalidFramePayloadData, "Bad."), (violation.Code, violation.Message));
        Assert.Same(violation, ExtensionResult.Failed(violation).Violation);
    }

    [Fact]
    public void Results_are_equal_by_what_they_say()
    {
        Assert.True(ExtensionResult.Done(ReservedBits.Rsv1) == ExtensionResult.Done(ReservedBits.Rsv1));
        Assert.True(ExtensionResult.Done(ReservedBits.Rsv1) != ExtensionResult.Done());
        Assert.True(ExtensionResult.Done() != ExtensionResult.Untouched);
        Assert.Equal(ExtensionResult.Done(ReservedBits.Rsv2).GetHashCode(), ExtensionResult.Done(ReservedBits.Rsv2).GetHashCode());
        Assert.False(ExtensionResult.Done().Equals("done"));
    }

    [Theory]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(999)]
    [InlineData(5000)]
    public void A_code_that_must_not_be_sent_is_refused(int code) => Assert.Throws<ArgumentException>(() => ExtensionResult.Failed((CloseCode)code, "Bad."));

    [Fact]
    public void A_failure_says_why()
    {
        Assert.Throws<ArgumentException>(() => ExtensionResult.Failed(CloseCode.InvalidFramePayloadData, ""));
        Assert.Throws<ArgumentNullException>(() => ExtensionResult.Failed(null!));
    }
}
