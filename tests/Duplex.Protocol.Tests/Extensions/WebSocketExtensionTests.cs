using System.Buffers;

namespace Duplex.Tests;

public class WebSocketExtensionTests
{
    [Fact]
    [KtorParity("extensions/an-extension-that-offers-nothing-is-a-local")]
    public void By_default_it_offers_nothing_and_leaves_messages_alone_that_its_sender_wants_left_alone_too()
    {
        using var extension = new ToyExtension();
        var part = MessagePart.Whole(FrameType.Text, "a"u8);
        Assert.Empty(extension.Offers);
        Assert.True(extension.ProcessOutgoing(part, new ArrayBufferWriter<byte>()).IsUntouched);
        Assert.True(extension.ProcessIncoming(part, new ArrayBufferWriter<byte>()).IsUntouched);
        Assert.True(extension.TransformsOutgoing(part, SendTransform.Default));
        Assert.True(extension.TransformsOutgoing(part, SendTransform.Always));
        Assert.False(extension.TransformsOutgoing(part, SendTransform.Never));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("a; x=1", true)]
    [InlineData("a; y", true)]
    [InlineData("a; x=2", false)]
    [InlineData("a; x", false)]
    [InlineData("a; x=1; y", false)]
    [KtorParity("extensions/clientNegotiation")]
    public void By_default_it_accepts_what_was_offered_or_no_parameters(string answer, bool isLegal)
    {
        using var extension = new ToyExtension { Offered = WebSocketExtensionHeader.ParseList("a; x=1, a; y") };

        Assert.Equal(isLegal, extension.TryAccept(WebSocketExtensionHeader.ParseList(answer)[0], out string? error));
        Assert.Equal(isLegal, error is null);
    }

    [Fact]
    public void It_is_told_once_who_it_is()
    {
        using var extension = new ToyExtension();
        Assert.Equal("", extension.Name);
        Assert.True(extension.TryIdentify("a", ReservedBits.Rsv3, marksContinuations: true));
        Assert.Equal(("a", ReservedBits.Rsv3, true), (extension.Name, extension.ReservedBits, extension.MarksContinuations));
        Assert.False(extension.TryIdentify("b", ReservedBits.None, marksContinuations: false));
    }
}
