using System.Buffers;

namespace Duplex.Tests;

public class FrameExtensionTests
{
    private readonly ArrayBufferWriter<byte> _output = new();

    [Fact]
    [KtorParity("test-protocol/tests-of-the-tracing-wrappers")]
    public void A_whole_message_that_it_returns_is_untouched()
    {
        var extension = new Recording();

        Assert.True(extension.ProcessOutgoing(MessagePart.Whole(FrameType.Text, "a"u8), _output).IsUntouched);
        Assert.True(extension.ProcessIncoming(MessagePart.Whole(FrameType.Binary, "b"u8, ReservedBits.Rsv2), _output).IsUntouched);

        Assert.Equal(0, _output.WrittenCount);
        Assert.Equal(["> Frame Text (fin=True, 1 bytes) None", "< Frame Binary (fin=True, 1 bytes) Rsv2"], extension.Seen);
    }

    [Fact]
    public void What_it_returns_instead_goes_on_with_its_bits()
    {
        var extension = new Recording { Replacement = new Frame.Text(true, "xyz"u8.ToArray(), rsv1: true) };

        Assert.Equal(ExtensionResult.Done(ReservedBits.Rsv1), extension.ProcessOutgoing(MessagePart.Whole(FrameType.Text, "a"u8), _output));
        Assert.Equal("xyz"u8.ToArray(), _output.WrittenSpan);
        Assert.Equal(ExtensionResult.Done(), extension.ProcessIncoming(MessagePart.Whole(FrameType.Text, "a"u8), _output));
    }

    [Fact]
    [KtorParity("extensions/incoming-whole-messages-outgoing-each-frame")]
    public void Incoming_parts_become_one_message_and_outgoing_fragments_stay_frames()
    {
        var extension = new Recording();

        Assert.Equal(ExtensionResult.Done(), extension.ProcessIncoming(Part("a"u8, starts: true), _output));
        Assert.Equal(0, _output.WrittenCount);
        extension.ProcessIncoming(Part("b"u8), _output);
        extension.ProcessIncoming(Part("c"u8, ends: true), _output);
        Assert.Equal("abc"u8.ToArray(), _output.WrittenSpan);
        extension.ProcessOutgoing(Part("d"u8, starts: true), _output);
        extension.ProcessOutgoing(Part("e"u8, ends: true), _output);

        Assert.Equal("abcde"u8.ToArray(), _output.WrittenSpan);
        Assert.Equal(["< Frame Text (fin=True, 3 bytes) None", "> Frame Text (fin=False, 1 bytes) None", "> Frame Text (fin=True, 1 bytes) None"], extension.Seen);
    }

    [Fact]
    public void What_it_gathers_is_limited()
    {
        var extension = new Recording();
        extension.ProcessIncoming(Part(new byte[8], starts: true, limit: 10), _output);
        Assert.Null(extension.ProcessIncoming(Part(new byte[2], limit: 10), _output).Violation);
        Assert.Equal(CloseCode.MessageTooBig, extension.ProcessIncoming(Part(new byte[1], limit: 10), _output).Violation!.Code);
    }

    [Fact]
    public void It_must_return_a_frame_of_the_same_type_and_fin()
    {
        Assert.Throws<InvalidOperationException>(() => new Recording { Replacement = new Frame.Binary(default) }.ProcessOutgoing(MessagePart.Whole(FrameType.Text, "a"u8), _output));
        Assert.Throws<InvalidOperationException>(() => new Recording { Replacement = new Frame.Text(false, default) }.ProcessIncoming(MessagePart.Whole(FrameType.Text, "a"u8), _output));
        Assert.Throws<InvalidOperationException>(() => new Recording { ReturnsNothing = true }.ProcessIncoming(MessagePart.Whole(FrameType.Text, "a"u8), _output));
    }

    [Fact]
    public void It_sees_a_message_whatever_its_sender_wishes() =>
        Assert.True(new Recording().TransformsOutgoing(MessagePart.Whole(FrameType.Text, "a"u8), SendTransform.Never));

    private static MessagePart Part(ReadOnlySpan<byte> data, bool starts = false, bool ends = false, long limit = 100) =>
        new() { Type = FrameType.Text, Data = data, StartsMessage = starts, StartsFrame = true, EndsFrame = true, EndsMessage = ends, MaxMessageSize = limit };

    private sealed class Recording : FrameExtension
    {
        public List<string> Seen { get; } = [];

        public Frame? Replacement { get; init; }

        public bool ReturnsNothing { get; init; }

        protected override Frame ProcessOutgoing(Frame frame) => Note(">", frame);

        protected override Frame ProcessIncoming(Frame frame) => Note("<", frame);

        private Frame Note(string direction, Frame frame)
        {
            Seen.Add($"{direction} {frame} {frame.Reserved}");
            return ReturnsNothing ? null! : Replacement ?? frame;
        }
    }
}
