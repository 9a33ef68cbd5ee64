namespace Duplex.Tests;

public sealed class BatchParserTests : IDisposable
{
    private readonly CountingPool _pool = new();
    private readonly MessageAssembler _assembler;
    private readonly BatchParser _parser;
    private readonly Receiver _receiver = new();

    public BatchParserTests()
    {
        _assembler = new MessageAssembler(AssemblerOutput.Messages, _pool);
        _parser = new BatchParser(new FrameReader(WebSocketRole.Client), _assembler);
    }

    public void Dispose()
    {
        foreach (Frame frame in _receiver.Frames)
            frame.Recycle();
        _parser.Release();
        _assembler.Dispose();
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void A_batch_is_full_at_its_size_and_the_next_goes_on_where_it_stopped()
    {
        Memory<byte> input = Many(BatchParser.BatchSize + 3);

        Assert.Equal(BatchParser.End.Full, _parser.Parse(ref input, _receiver));
        Assert.Equal(BatchParser.BatchSize, _receiver.Frames.Count);
        Assert.Equal(BatchParser.BatchSize, _parser.Passed);
        Assert.Equal(3 * 3, input.Length);
        Assert.Equal(BatchParser.End.LacksBytes, _parser.Parse(ref input, _receiver));
        Assert.Equal(3, _parser.Passed);

        Assert.Equal(BatchParser.BatchSize + 3, _receiver.Frames.Count);
        Assert.Equal(Enumerable.Range(0, BatchParser.BatchSize + 3).Select(i => (byte)i), _receiver.Frames.Select(frame => frame.Data.Span[0]));
        Assert.True(input.IsEmpty);
    }

    [Fact]
    public void What_lacks_bytes_stays_in_the_input()
    {
        Memory<byte> input = Convert.FromHexString("8201AA82");

        Assert.Equal(BatchParser.End.LacksBytes, _parser.Parse(ref input, _receiver));

        Assert.Single(_receiver.Frames);
        Assert.Equal([0x82], input.ToArray());
    }

    [Fact]
    public void Without_room_nothing_more_is_parsed()
    {
        _receiver.Room = 2;
        Memory<byte> input = Many(5);

        Assert.Equal(BatchParser.End.LacksRoom, _parser.Parse(ref input, _receiver));

        Assert.Equal(2, _receiver.Frames.Count);
        Assert.Equal(9, input.Length);
    }

    [Fact]
    public void A_close_ends_it_and_is_kept_until_it_is_asked_for()
    {
        Memory<byte> input = Convert.FromHexString("8201AA" + "8800" + "8201BB");

        Assert.Equal(BatchParser.End.Last, _parser.Parse(ref input, _receiver));
        Assert.True(_parser.IsOver);
        Assert.Equal(BatchParser.End.Last, _parser.Parse(ref input, _receiver)); // for the turn in which it takes effect

        Assert.Equal(0, _parser.Passed);
        Assert.Single(_receiver.Frames);
        Assert.Null(_parser.Violation);
        Assert.NotNull(_parser.TakeClose());
        Assert.Null(_parser.TakeClose());
    }

    [Fact]
    public void The_memory_of_a_close_that_nobody_asked_for_is_given_back()
    {
        Memory<byte> input = Convert.FromHexString("880203E8");
        Assert.Equal(BatchParser.End.Last, _parser.Parse(ref input, _receiver));

        _parser.Release();

        Assert.Equal(0, _pool.Rented);
    }

    [Theory]
    [InlineData("8201AAC200", "RSV1")] // the reader's
    [InlineData("8201AA8101FF", "UTF-8")] // the assembler's
    public void A_violation_ends_it_behind_what_came_before(string wire, string names)
    {
        Memory<byte> input = Convert.FromHexString(wire);

        Assert.Equal(BatchParser.End.Last, _parser.Parse(ref input, _receiver));

        Assert.Single(_receiver.Frames);
        Assert.Contains(names, _parser.Violation!.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_rest_of_a_frame_can_be_read_straight_into_its_message()
    {
        Memory<byte> input = Convert.FromHexString("827E0400AABB"); // 1024 bytes, two of them here
        Assert.Equal(BatchParser.End.LacksBytes, _parser.Parse(ref input, _receiver));
        Assert.Equal(1024, _parser.LastPayloadLength);
        Assert.Equal(1022, _parser.Direct);
        Assert.True(_parser.MayBeDirect);

        Memory<byte> direct = _parser.GetDirectMemory();
        Assert.Equal(1022, direct.Length);
        direct.Span.Fill(7);
        input = direct;
        Assert.Equal(BatchParser.End.LacksBytes, _parser.Parse(ref input, _receiver));

        Frame frame = Assert.Single(_receiver.Frames);
        Assert.Equal([0xAA, 0xBB, .. Enumerable.Repeat((byte)7, 1022)], frame.ReadBytes());
        Assert.Equal(0, _parser.Direct);
        Assert.True(input.IsEmpty);
    }

    private static byte[] Many(int frames) => [.. Enumerable.Range(0, frames).SelectMany(i => new byte[] { 0x82, 1, (byte)i })];

    private sealed class Receiver : IFrameReceiver
    {
        public List<Frame> Frames { get; } = [];

        public int Room { get; set; } = int.MaxValue;

        public bool HasRoom => Frames.Count < Room;

        public void OnFrame(Frame frame) => Frames.Add(frame);

        public void OnClose(Frame.Close close) => Frames.Add(close);

        public void OnBatchEnd()
        {
        }

        public Task WaitForRoomAsync() => Task.CompletedTask;
    }
}
