namespace Duplex.Tests;

public sealed class MessageViewTests
{
    [Fact]
    public void A_view_shows_the_memory_that_it_is_of_and_a_frame_of_it_has_its_own()
    {
        byte[] memory = "grüße"u8.ToArray();
        var view = new MessageView(FrameType.Text, memory, fin: true, ReservedBits.Rsv2);
        Frame frame = view.ToFrame();
        memory[0] = (byte)'G';

        Assert.Equal("Grüße", view.ReadText());
        Assert.Equal("grüße", Assert.IsType<Frame.Text>(frame).ReadText());
        Assert.Equal(ReservedBits.Rsv2, frame.Reserved);
        Assert.True(frame.Fin);
    }

    [Fact]
    public void It_is_described_without_its_payload()
    {
        Assert.Equal("Message Binary (6 bytes)", new MessageView(FrameType.Binary, "secret"u8, fin: true, ReservedBits.None).ToString());
        Assert.Equal("Message Text (0 bytes)", default(MessageView).ToString().Replace("0 (", "Text (", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_no_text_is_read_with_replacement_characters() =>
        Assert.Equal("a\uFFFD", new MessageView(FrameType.Binary, [(byte)'a', 0xC3], fin: true, ReservedBits.None).ReadText());
}
