namespace Duplex.Tests;

public class ProtocolViolationTests
{
    [Fact]
    [KtorParity("close-and-errors/ProtocolViolationException")]
    public void A_broken_frame_is_1002()
    {
        ProtocolViolation violation = ProtocolViolation.Protocol("a frame is odd");

        var exception = Assert.IsType<WebSocketProtocolException>(violation.ToException());
        Assert.Equal((CloseCode.ProtocolError, CloseCode.ProtocolError), (violation.Code, exception.CloseCode));
        Assert.Equal("The peer broke the WebSocket protocol: a frame is odd.", exception.Message);
        Assert.Equal(violation.Message, exception.Message);
    }

    [Fact]
    public void Text_that_is_not_UTF_8_is_1007()
    {
        ProtocolViolation violation = ProtocolViolation.InvalidUtf8("a text message");

        Assert.Equal(CloseCode.InvalidFramePayloadData, violation.Code);
        Assert.Equal(CloseCode.InvalidFramePayloadData, Assert.IsType<WebSocketProtocolException>(violation.ToException()).CloseCode);
    }

    [Fact]
    [KtorParity("close-and-errors/FrameTooBigException")]
    public void More_than_a_limit_allows_is_1009_and_says_which_and_what_to_do()
    {
        ProtocolViolation violation = ProtocolViolation.TooBig("MaxFragments", 3, 4, "fragments");

        var exception = Assert.IsType<FrameTooBigException>(violation.ToException());
        Assert.Equal(CloseCode.MessageTooBig, violation.Code);
        Assert.Equal((3, 4), (exception.Limit, exception.Size));
        Assert.Equal("The peer sent 4 fragments where MaxFragments allows 3. Raise MaxFragments, or ask the peer for less at a time.", exception.Message);
    }

    [Fact]
    public void Several_limits_are_named_in_one_message_and_the_first_counts()
    {
        ProtocolViolation violation = ProtocolViolation.TooBig("MaxFrameSize", 64, 70).And("MaxFragments", 3, 4, "fragments").And("MaxMessageSize", 80, 90);

        var exception = Assert.IsType<FrameTooBigException>(violation.ToException());
        Assert.Equal((CloseCode.MessageTooBig, 64, 70), (violation.Code, exception.Limit, exception.Size));
        Assert.Equal(
            "The peer sent 70 bytes where MaxFrameSize allows 64, in a message of 4 fragments where MaxFragments allows 3, in a message of 90 bytes where MaxMessageSize allows 80. "
                + "Raise MaxFrameSize and MaxFragments and MaxMessageSize, or ask the peer for less at a time.",
            exception.Message);
        Assert.True(violation.NamesLimits);
        Assert.False(ProtocolViolation.Protocol("so").NamesLimits);
    }

    [Fact]
    public void What_costs_too_much_is_1009_too_and_names_no_option()
    {
        ProtocolViolation violation = ProtocolViolation.TooCostly("Too much.", 4, 5);

        var exception = Assert.IsType<FrameTooBigException>(violation.ToException());
        Assert.Equal((CloseCode.MessageTooBig, "Too much.", 4, 5), (violation.Code, exception.Message, exception.Limit, exception.Size));
        Assert.False(violation.NamesLimits);
    }

    [Fact]
    public void Any_other_reason_has_a_code_that_may_be_sent_and_words()
    {
        var error = Assert.IsType<WebSocketProtocolException>(ProtocolViolation.Of((CloseCode)4001, "No.").ToException());
        Assert.Equal(((CloseCode)4001, "No."), (error.CloseCode, error.Message));
        Assert.Throws<ArgumentException>(() => ProtocolViolation.Of(CloseCode.NoStatusReceived, "No."));
        Assert.Throws<ArgumentException>(() => ProtocolViolation.Of(CloseCode.InvalidFramePayloadData, ""));
    }

    [Fact]
    public void A_fault_of_ours_is_1011_and_stays_the_exception_that_it_was()
    {
        var fault = new WebSocketException("Ours.");
        ProtocolViolation violation = ProtocolViolation.Fault(fault);
        Assert.Equal(CloseCode.InternalError, violation.Code);
        Assert.Same(fault, violation.ToException());
    }
}
