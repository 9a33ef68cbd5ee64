namespace Duplex.Tests;

public sealed class RecordedFrameTests
{
    [Fact]
    public void Text_is_what_a_text_frame_says_by_itself()
    {
        RecordedFrame frame = new() { Direction = RecordedDirection.Sent, Payload = "é"u8.ToArray() };

        Assert.Equal("é", frame.Text);
        Assert.Equal(2, frame.Length);
        Assert.Null((frame with { Opcode = Opcode.Binary }).Text);
        Assert.Null((frame with { IsCompressed = true }).Text);
        Assert.Null((frame with { Payload = null }).Text);
        Assert.Null((frame with { Payload = "é"u8[..1].ToArray() }).Text); // half of a character
    }

    [Fact]
    public void It_describes_itself_without_its_payload()
    {
        RecordedFrame frame = new() { Direction = RecordedDirection.Received, Offset = TimeSpan.FromSeconds(1), Fin = false, Payload = "secret"u8.ToArray() };

        Assert.Equal("Received Text after 00:00:01 (6 bytes, continued)", frame.ToString());
        Assert.False(frame.IsControl);
        Assert.True((frame with { Opcode = Opcode.Pong }).IsControl);
        Assert.Equal(9, (frame with { Length = 9 }).Length);
        Assert.Equal(0, new RecordedFrame { Direction = RecordedDirection.Sent }.Length);
    }
}
