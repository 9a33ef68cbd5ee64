namespace Duplex.Tests;

public class MessagePartTests
{
    [Fact]
    public void A_whole_message_is_one_part()
    {
        var part = MessagePart.Whole(FrameType.Binary, "a"u8, ReservedBits.Rsv1);
        Assert.True(part is { Type: FrameType.Binary, Reserved: ReservedBits.Rsv1, StartsMessage: true, StartsFrame: true, EndsFrame: true, EndsMessage: true });
        Assert.Equal("a"u8.ToArray(), part.Data);
        Assert.Equal(WebSocketLimits.LargestSize, part.MaxMessageSize);
    }
}
