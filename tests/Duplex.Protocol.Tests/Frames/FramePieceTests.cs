namespace Duplex.Tests;

public class FramePieceTests
{
    [Theory]
    [InlineData(Opcode.Text, true, true, true)]
    [InlineData(Opcode.Binary, false, true, false)]
    [InlineData(Opcode.Continuation, false, false, false)]
    [InlineData(Opcode.Continuation, true, false, true)]
    [InlineData(Opcode.Ping, true, false, false)]
    [InlineData(Opcode.Close, true, false, false)]
    public void A_message_starts_with_its_first_frame_and_ends_with_its_last(Opcode opcode, bool fin, bool startsMessage, bool endsMessage)
    {
        var piece = new FramePiece(new FrameHeader(opcode, fin, ReservedBits.None, 0), FrameType.Text, [], starts: true, ends: true);

        Assert.Equal((startsMessage, endsMessage), (piece.StartsMessage, piece.EndsMessage));
    }

    [Fact]
    public void A_piece_from_within_a_frame_neither_starts_nor_ends_a_message()
    {
        var piece = new FramePiece(new FrameHeader(Opcode.Text, true, ReservedBits.None, 9), FrameType.Text, [1], starts: false, ends: false);

        Assert.False(piece.StartsMessage);
        Assert.False(piece.EndsMessage);
    }

    [Theory]
    [InlineData(Opcode.Text, true, true, true, true)]
    [InlineData(Opcode.Binary, true, true, true, true)]
    [InlineData(Opcode.Binary, true, false, true, false)]
    [InlineData(Opcode.Binary, true, true, false, false)]
    [InlineData(Opcode.Binary, false, true, true, false)]
    [InlineData(Opcode.Continuation, true, true, true, false)]
    [InlineData(Opcode.Ping, true, true, true, false)]
    public void A_message_of_one_frame_that_arrived_at_once_is_one_piece(Opcode opcode, bool fin, bool starts, bool ends, bool isMessage)
    {
        var piece = new FramePiece(new FrameHeader(opcode, fin, ReservedBits.None, 0), FrameType.Text, [], starts, ends);

        Assert.Equal(isMessage, piece.IsMessage);
    }
}
