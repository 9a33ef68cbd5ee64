namespace Duplex.Tests;

public sealed class FaultLaneTests
{
    [Fact]
    public void Without_faults_everything_passes() => Assert.Equal([Wired.Text("abc")], Run(Faults.None, Wired.Text("abc")));

    [Fact]
    public void It_stops_after_bytes_and_at_the_end_of_messages_exactly()
    {
        byte[] bytes = [.. Wired.Text("abc"), .. Wired.Frame(Opcode.Ping, "x"u8), .. Wired.Text("de")];
        Faults faults = Faults.None
            .Cut(FaultPoint.AfterReceiving(2))
            .Stall(FaultPoint.AfterReceivingBytes(1))
            .Stall(FaultPoint.AfterReceiving(1, bytes: 4));

        Assert.Equal([bytes[..1], bytes[1..9], bytes[9..], []], Run(faults, bytes));
    }

    [Fact]
    public void A_fragment_is_no_message()
    {
        byte[] first = Wired.Frame(Opcode.Text, "a"u8, fin: false), last = Wired.Frame(Opcode.Continuation, "b"u8);

        Assert.Equal([[.. first, .. last], []], Run(Faults.None.Cut(FaultPoint.AfterReceiving(1)), [.. first, .. last]));
    }

    [Fact]
    public void Faults_of_one_point_happen_in_their_order()
    {
        var lane = new FaultLane(Faults.None.Stall(FaultPoint.Start, TimeSpan.Zero).Cut(FaultPoint.Start).Items, FaultDirection.Receiving);

        Assert.IsType<Fault.Stall>(Next(lane, []).Due);
        Assert.IsType<Fault.Cut>(Next(lane, []).Due);
        Assert.Null(Next(lane, []).Due);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_byte_is_changed_at_its_point_and_no_other(bool withFilter)
    {
        byte[] bytes = [.. Wired.Text("abc"), .. Wired.Text("def")];
        for (int at = 0; at < bytes.Length; at++)
        {
            Faults faults = Faults.None.Corrupt(FaultPoint.AfterReceivingBytes(at), 0x21).Corrupt(FaultPoint.AfterReceivingBytes(at), 0x80);
            if (withFilter)
                faults = faults.DropPongs();
            byte[] expected = [.. bytes];
            expected[at] ^= 0xA1;

            Assert.Equal(expected, Run(faults, bytes).SelectMany(run => run));
        }
    }

    [Theory, InlineData(1), InlineData(3), InlineData(1000)]
    public void Dropped_frames_are_missing_whole_and_the_rest_is_whole(int chunk)
    {
        byte[] text = Wired.Text("abc", masked: true), pong = Wired.Frame(Opcode.Pong, "pong"u8, masked: true), large = Wired.Frame(Opcode.Binary, new byte[70_000], masked: true);
        byte[] bytes = [.. pong, .. text, .. pong, .. large, .. pong];
        var lane = new FaultLane(Faults.None.DropPongs().Items, FaultDirection.Receiving);

        List<byte> passed = [];
        foreach (byte[] part in bytes.Chunk(chunk))
            passed.AddRange(Next(lane, part).Run);

        Assert.Equal([.. text, .. large], passed);
    }

    [Fact]
    public void Dropped_frames_count_for_positions()
    {
        byte[] one = Wired.Text("one"), two = Wired.Text("two");
        Faults faults = Faults.None.Drop(header => header.Opcode == Opcode.Text && header.PayloadLength == 3).Cut(FaultPoint.AfterReceiving(2));

        var lane = new FaultLane(faults.Items, FaultDirection.Receiving);
        (byte[] run, Fault.At? due) = Next(lane, [.. one, .. two]);

        Assert.Empty(run);
        Assert.IsType<Fault.Cut>(due);
    }

    [Fact]
    public void Faults_of_the_other_direction_do_not_count()
    {
        byte[] bytes = Wired.Frame(Opcode.Pong, []);

        Assert.Equal([bytes], Run(Faults.None.Cut(FaultPoint.AfterSendingBytes(1)).DropPongs(FaultDirection.Sending), bytes));
    }

    [Fact]
    public void What_is_no_frame_passes_unchanged()
    {
        byte[] bytes = [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x8A, 0, 1, 2, 3];

        Assert.Equal(bytes, Run(Faults.None.DropPongs(), bytes).SelectMany(run => run));
    }

    [Fact]
    public void A_small_output_takes_what_fits()
    {
        var lane = new FaultLane([], FaultDirection.Receiving);
        ReadOnlySpan<byte> input = new byte[100];
        Span<byte> output = new byte[20];

        Assert.Null(lane.Next(ref input, ref output));

        Assert.True(output.Length < FrameHeader.MaxSize);
        Assert.Equal(100 - (20 - output.Length), input.Length);
    }

    private static (byte[] Run, Fault.At? Due) Next(FaultLane lane, byte[] bytes)
    {
        ReadOnlySpan<byte> input = bytes;
        byte[] room = new byte[bytes.Length + (2 * FrameHeader.MaxSize)];
        Span<byte> output = room;
        Fault.At? due = lane.Next(ref input, ref output);
        Assert.True(due is not null || input.IsEmpty);
        return (room[..(room.Length - output.Length)], due);
    }

    // The runs of bytes between what happens.
    private static List<byte[]> Run(Faults faults, byte[] bytes)
    {
        var lane = new FaultLane(faults.Items, FaultDirection.Receiving);
        List<byte[]> runs = [];
        ReadOnlySpan<byte> input = bytes;
        Fault.At? due;
        do
        {
            byte[] room = new byte[100_000];
            Span<byte> output = room;
            due = lane.Next(ref input, ref output);
            runs.Add(room[..(room.Length - output.Length)]);
        }
        while (due is not null);
        return runs;
    }
}
