namespace Duplex.Tests;

public sealed class RecordedMessageTests
{
    [Fact]
    public void Fragments_are_joined_and_control_frames_are_skipped()
    {
        IReadOnlyList<RecordedMessage> messages = RecordedMessage.Join(
        [
            Sample.Sent(Opcode.Text, 1, "a"u8.ToArray()) with { Fin = false },
            Sample.Sent(Opcode.Ping, 2, []),
            Sample.Sent(Opcode.Continuation, 3, "b"u8.ToArray()),
            Sample.Sent(Opcode.Binary, 4, [1]),
        ]);

        Assert.Equal(["\"ab\"", "a binary message of 1 bytes"], messages.Select(message => message.ToString()));
        Assert.Equal([3d, 4], messages.Select(message => message.Offset.TotalSeconds));
    }

    [Fact]
    public void What_is_missing_compressed_or_redacted_matches_any_message_of_its_kind()
    {
        RecordedFrame text = Sample.Text(RecordedDirection.Sent, 0, "abc");
        RecordedMessage abc = Of(text);

        Assert.True(abc.Matches(Of(text)));
        Assert.False(abc.Matches(Of(Sample.Text(RecordedDirection.Sent, 0, "abd"))));
        Assert.False(abc.Matches(Of(text with { Opcode = Opcode.Binary })));
        foreach (RecordedFrame unknown in (RecordedFrame[])[text with { Payload = null, Length = 9 }, text with { IsCompressed = true }, text with { IsRedacted = true }])
        {
            Assert.Null(Of(unknown).Payload);
            Assert.True(Of(unknown).Matches(abc));
            Assert.Equal("a text message", Of(unknown).ToString());
        }
    }

    [Fact]
    public void A_long_text_is_shown_shortened()
    {
        string shown = Of(Sample.Text(RecordedDirection.Sent, 0, new string('x', 200))).ToString();

        Assert.EndsWith("x...\" (200 bytes)", shown, StringComparison.Ordinal);
        Assert.Equal("a text message of 1 bytes", new RecordedMessage(true, new byte[] { 0xFF }, default).ToString());
    }

    private static RecordedMessage Of(RecordedFrame frame) => Assert.Single(RecordedMessage.Join([frame]));
}
