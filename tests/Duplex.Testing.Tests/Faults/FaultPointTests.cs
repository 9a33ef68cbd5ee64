namespace Duplex.Tests;

public sealed class FaultPointTests
{
    [Fact]
    public void It_describes_itself()
    {
        Assert.Equal("at the start", FaultPoint.Start.ToString());
        Assert.Equal("after receiving 3 messages", FaultPoint.AfterReceiving(3).ToString());
        Assert.Equal("after sending 1 message and 5 bytes", FaultPoint.AfterSending(1, bytes: 5).ToString());
        Assert.Equal("after receiving 1 byte", FaultPoint.AfterReceivingBytes(1).ToString());
        Assert.Equal("after sending 100 bytes", FaultPoint.AfterSendingBytes(100).ToString());
    }

    [Fact]
    public void Nothing_is_negative()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPoint.AfterReceiving(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPoint.AfterSending(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPoint.AfterReceivingBytes(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FaultPoint.AfterSendingBytes(-1));
    }
}
