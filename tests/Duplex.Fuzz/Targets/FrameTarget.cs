namespace Duplex.Tests;

/// <summary>
/// Reader and assembler, in both roles and all three forms of output. Whatever comes, and in whatever chunks: the frames and the violation that the reference parser finds in the whole of it, no
/// memory left out, and none taken for bytes that have not come.
/// </summary>
internal sealed class FrameTarget : FuzzTarget
{
    // What a receiver of one input may hold at most: a slab or two, and what builders reserve for a frame at its header.
    private const long MostMemory = 300_000;

    public override string Name => "frames";

    // Each in both forms of output that give whole frames.
    public override IEnumerable<byte[]> Seeds =>
        from line in Lines("frames.txt")
        let parts = line.Split(' ')
        let role = parts[0] == "server" ? 1 : 0
        from form in (int[])[0, 2, 4]
        select (byte[])[(byte)(role | (form << 0) | 0x18), 7, .. Convert.FromHexString(parts[1])];

    public override byte[] Generate(Random random)
    {
        var input = new List<byte> { (byte)random.Next(256), (byte)random.Next(256) };
        WebSocketRole sender = (input[0] & 1) == 0 ? WebSocketRole.Server : WebSocketRole.Client;
        for (int frames = 1 + random.Next(5); frames > 0 && input.Count < MaxInput; frames--)
        {
            byte[] payload = new byte[random.Next(4) == 0 ? random.Next(140) : random.Next(6)];
            foreach (ref byte b in payload.AsSpan())
                b = (byte)(random.Next(8) == 0 ? random.Next(256) : 'a' + random.Next(26));
            Opcode opcode = (Opcode)(random.Next(16) switch { < 4 => 0, < 8 => 1, < 11 => 2, 11 => 8, < 14 => 9, 14 => 10, _ => random.Next(16) });
            ReservedBits reserved = random.Next(8) == 0 ? (ReservedBits)(random.Next(8) << 4) : ReservedBits.None;
            input.AddRange(new WireFrame(opcode, payload, random.Next(3) != 0 || (int)opcode >= 8, reserved) { Key = [(byte)random.Next(256), (byte)random.Next(256), 0, 0xFF] }.Encode(sender));
        }

        return [.. input.Take(MaxInput)];
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return 0;
        int settings = input[0], chunks = input[1];
        byte[] bytes = input[2..].ToArray();
        WebSocketRole role = (settings & 1) == 0 ? WebSocketRole.Client : WebSocketRole.Server;
        AssemblerOutput output = ((settings >> 1) & 3) switch { 1 => AssemblerOutput.Frames, 2 => AssemblerOutput.Pieces, _ => AssemblerOutput.Messages };
        (long maxFrame, long maxMessage, int maxFragments) = ((settings >> 3) & 3) switch { 0 => (100L, 150L, 3), 1 => (126, 200, 100), 2 => (20, 1 << 20, 2), _ => (1L << 20, 1L << 20, 1 << 20) };
        ReservedBits owned = (settings & 0x20) != 0 ? ReservedBits.Rsv1 : ReservedBits.None;
        var rules = new ReferenceParser(role, output != AssemblerOutput.Frames, maxFrame, maxMessage, maxFragments, owned);
        (List<FrameValue> expected, CloseCode? code) = rules.Parse(bytes);

        string? message = null;
        foreach (int[] sizes in (ReadOnlySpan<int[]>)[[int.MaxValue], [1], [1 + (chunks & 15), 1 + (chunks >> 4)]])
        {
            using var receiver = new Receiver(output, role, maxFrame, maxMessage, maxFragments, owned);
            receiver.FeedChunks(bytes, sizes, inPlace: (settings & 0x40) != 0);
            Same(code, receiver.Violation?.Code);
            Same(receiver.Reader.Violation is not null && receiver.Assembler.Violation is not null, false);
            message = receiver.Violation?.Message;
            Compare(output, expected, receiver.Frames);
            if (receiver.Pool.PeakBytes > MostMemory)
                throw new FindingException($"{receiver.Pool.PeakBytes} bytes of memory for an input of {bytes.Length}.");
        }

        return Signature((int)role, (int)output, expected.Count, expected.Aggregate(0, (sum, frame) => (sum * 3) + (int)frame.Type + (frame.Data.Length > 250 ? 20 : frame.Data.Length == 0 ? 10 : 0)), Words(message));
    }

    // Messages that come in pieces are compared once they are whole, each kind by itself: a control frame may come before a piece that was received with it.
    private static void Compare(AssemblerOutput output, List<FrameValue> expected, List<Frame> frames)
    {
        if (output != AssemblerOutput.Pieces)
        {
            Same(string.Join("; ", expected), string.Join("; ", frames.Select(FrameValue.Of)));
            return;
        }

        Same(string.Join("; ", expected.Where(frame => frame.Type >= FrameType.Close)), string.Join("; ", frames.Where(frame => frame.IsControl).Select(FrameValue.Of)));
        List<FrameValue> whole = [];
        List<byte> message = [];
        foreach (Frame piece in frames.Where(frame => !frame.IsControl))
        {
            message.AddRange(piece.Data.Span);
            if (!piece.Fin)
                continue;
            whole.Add(FrameValue.Of(piece.Type, true, piece.Reserved, [.. message]));
            message.Clear();
        }

        Same(string.Join("; ", expected.Where(frame => frame.Type < FrameType.Close)), string.Join("; ", whole));
    }

    private static void Same<T>(T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new FindingException($"Expected {expected}, was {actual}.");
    }
}
