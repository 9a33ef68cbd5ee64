using System.Buffers;

namespace Duplex.Tests;

/// <summary>
/// What the structure of messages costs, counted and not timed: whatever a peer makes of so many bytes, they cost at most four times what the cheapest legal messages of the same sizes cost.
/// </summary>
public sealed class HostileCostTests
{
    private const int Units = 18_000;

    // As much as one read of a connection takes.
    private const int ReadSize = 64 * 1024;

    // What the lists of a counting pool allocate, and a message that grows.
    private const int Slack = 64 * 1024;

    private static readonly string[] Structures =
        ["fragments of a byte", "empty fragments", "fragments that cut characters", "empty messages", "messages of a byte", "pings", "pings of 125 bytes", "pongs", "pings between fragments"];

    public static MatrixTheoryData<string, string, WebSocketRole> Matrix =>
        new(Structures, Enum.GetNames<AssemblerOutput>(), Enum.GetValues<WebSocketRole>());

    [Theory, MemberData(nameof(Matrix))]
    public void Frames_of_any_structure_cost_no_more_than_four_times_messages_of_their_sizes(string structure, string outputName, WebSocketRole role)
    {
        AssemblerOutput output = Enum.Parse<AssemblerOutput>(outputName);
        WireFrame[] frames = [.. Enumerable.Range(0, Units).Select(i => Frame(structure, i))];
        byte[] cheapest = WireFrame.Encode(frames.Select(frame => new WireFrame(Opcode.Binary, frame.Payload)), Sender(role));

        Cost expected = Measure(cheapest, output, role), cost = Measure(WireFrame.Encode(frames, Sender(role)), output, role);

        Assert.InRange(expected.Frames, Units, Units * 11 / 10); // a few pieces end with a read
        Assert.InRange(cost.Calls, 1, 4 * expected.Calls);
        Assert.InRange(cost.Frames, 1, 4 * expected.Frames);
        Assert.InRange(cost.Rents, 0, (4 * expected.Rents) + 32 + (cheapest.Length / PayloadAllocator.SlabSize)); // a message that grows doubles its memory; pings lie in pages
        Assert.InRange(cost.Allocated, 0, (4 * expected.Allocated) + Slack);
    }

    [Theory]
    [InlineData("00 00 00 FF FF")] // empty stored blocks
    [InlineData("02 08 20 80 00")] // empty blocks of fixed codes, 10 bits each
    [InlineData("62 00 00 00 00 FF FF")] // a letter, flushed
    public void Blocks_that_hold_next_to_nothing_are_read_as_any_others(string block)
    {
        const int Size = 1024 * 1024;
        byte[] hostile = [.. Repeat(Hex.Bytes(block), Size / Hex.Bytes(block).Length), 0x00];
        byte[] cheapest = [.. Repeat([0x00, 0x00, 0x04, 0xFF, 0xFB, .. new byte[1024]], Size / 1029), 0x00];

        InflateCost expected = Inflate(cheapest), cost = Inflate(hostile);

        Assert.Equal(1, cost.Codecs);
        Assert.InRange(cost.Reads, 1, 4 * expected.Reads);
        Assert.InRange(cost.Allocated, 0, (4 * expected.Allocated) + Slack);
    }

    [Theory, InlineData("03 00"), InlineData("4B 04 00"), InlineData("01 00 00 FF FF")]
    public void A_message_of_as_many_final_blocks_as_are_taken_costs_at_most_four_that_begin_with_a_codec(string block)
    {
        byte[] hostile = [.. Repeat(Hex.Bytes(block), 4), 0x00];
        int length = hostile.Length - 6;
        byte[] cheapest = [0x00, (byte)length, 0x00, (byte)~length, 0xFF, .. new byte[length], 0x00];
        Assert.Equal(hostile.Length, cheapest.Length);

        InflateCost expected = Inflate(cheapest, 1000, takesOver: false), cost = Inflate(hostile, 1000);

        Assert.InRange(cost.Codecs, 1, (4 * expected.Codecs) + 1); // the first of all
        Assert.InRange(cost.Reads, 1, 4 * expected.Reads);
        Assert.InRange(cost.Allocated, 0, (4 * expected.Allocated) + Slack);
    }

    [Theory, InlineData("4B 04 00"), InlineData("03 00"), InlineData("62 00 00 00 00 FF FF"), InlineData("00 00 00 FF FF")]
    public void Fragments_of_a_compressed_message_cost_no_more_than_four_times_messages_of_their_sizes(string fragment)
    {
        byte[] data = Hex.Bytes(fragment);
        var output = new ArrayBufferWriter<byte>(2 * Units);
        using var inflater = new MessageInflater(takesOver: true, 200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Units; i++)
        {
            var part = new MessagePart { Type = FrameType.Binary, Data = data, StartsMessage = i == 0, StartsFrame = true, EndsFrame = true };
            if (inflater.Inflate(part, output) is { } violation)
                throw new InvalidOperationException(violation.Message);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        InflateCost expected = Inflate([0x00], Units, takesOver: false); // the cheapest of all, and no larger

        Assert.InRange(inflater.Codecs, 1, expected.Codecs + 1);
        Assert.InRange(inflater.Reads, 1, 4 * expected.Reads);
        Assert.InRange(allocated, 0, (4 * expected.Allocated) + Slack);
    }

    private static WebSocketRole Sender(WebSocketRole role) => role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client;

    private static IEnumerable<byte> Repeat(byte[] bytes, int times) => Enumerable.Repeat(bytes, times).SelectMany(bytes => bytes);

    private static WireFrame Frame(string structure, int i)
    {
        bool isLast = i == Units - 1;
        Opcode Carries(Opcode opcode) => i == 0 ? opcode : Opcode.Continuation;
        return structure switch
        {
            "fragments of a byte" => new WireFrame(Carries(Opcode.Binary), [1], isLast),
            "empty fragments" => new WireFrame(Carries(Opcode.Text), [], isLast),
            "fragments that cut characters" => new WireFrame(Carries(Opcode.Text), ["€"u8[i % 3]], isLast),
            "empty messages" => new WireFrame(Opcode.Text, []),
            "messages of a byte" => new WireFrame(Opcode.Text, [0x61]),
            "pings" => new WireFrame(Opcode.Ping, []),
            "pings of 125 bytes" => new WireFrame(Opcode.Ping, new byte[125]),
            "pongs" => new WireFrame(Opcode.Pong, [1]),
            _ => i % 2 == 0 ? new WireFrame(Carries(Opcode.Binary), [1], Fin: false) : new WireFrame(Opcode.Ping, [1]),
        };
    }

    // As a receive loop reads, and a consumer that recycles what it gets.
    private static Cost Measure(byte[] wire, AssemblerOutput output, WebSocketRole role)
    {
        Receive([.. wire], new CountingPool(), output, role); // what runs once only
        var pool = new CountingPool();
        byte[] copy = [.. wire]; // it is unmasked in place
        long before = GC.GetAllocatedBytesForCurrentThread();
        (int calls, int frames) = Receive(copy, pool, output, role);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, pool.Outstanding);
        return new Cost(calls, frames, pool.Rents, allocated);
    }

    private static (int Calls, int Frames) Receive(byte[] wire, CountingPool pool, AssemblerOutput output, WebSocketRole role)
    {
        var reader = new FrameReader(role);
        using var assembler = new MessageAssembler(output, pool);
        int calls = 0, frames = 0, parsed = 0;
        while (parsed < wire.Length)
        {
            Span<byte> input = wire.AsSpan(parsed, Math.Min(ReadSize, wire.Length - parsed));
            int length = input.Length;
            while (reader.TryRead(ref input, out FramePiece piece))
            {
                calls++;
                if (assembler.TryAccept(piece, out Frame? frame))
                    Take(frame);
                if (assembler.Violation is not null)
                    break;
            }

            if (assembler.TryTakePiece(out Frame? rest))
                Take(rest);
            parsed += length - input.Length;
            if (reader.Violation is not null || assembler.Violation is not null)
                throw new InvalidOperationException($"The wire is not legal: {(reader.Violation ?? assembler.Violation)!.Message}");
        }

        return (calls, frames);

        void Take(Frame frame)
        {
            frames++;
            frame.Recycle();
        }
    }

    private static InflateCost Inflate(byte[] wire, int messages = 1, bool takesOver = true)
    {
        var output = new ArrayBufferWriter<byte>(2 * 1024 * 1024);
        using var inflater = new MessageInflater(takesOver, 200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < messages; i++)
        {
            if (inflater.Inflate(MessagePart.Whole(FrameType.Binary, wire, ReservedBits.Rsv1), output) is { } violation)
                throw new InvalidOperationException($"The message is not legal: {violation.Message}");
            output.ResetWrittenCount();
        }

        return new InflateCost(inflater.Reads, inflater.Codecs, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private sealed record Cost(int Calls, int Frames, int Rents, long Allocated);

    private sealed record InflateCost(long Reads, long Codecs, long Allocated);
}
