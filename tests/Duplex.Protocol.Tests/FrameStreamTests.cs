using CsCheck;

namespace Duplex.Tests;

/// <summary>What must hold for whole streams, whichever parts of the core see to it.</summary>
public class FrameStreamTests
{
    private static readonly Gen<WebSocketRole> Role = Gen.OneOf(WebSocketRole.Client, WebSocketRole.Server);

    private static readonly Gen<ReferenceParser> Rules = Gen.Select(
        Role, Gen.Bool, Gen.OneOf(100L, 126, 1 << 20), Gen.OneOf(150L, 1 << 20), Gen.OneOf(2, 1 << 20), Gen.OneOf(ReservedBits.None, ReservedBits.None, ReservedBits.Rsv1),
        (role, mergeFragments, maxFrameSize, maxMessageSize, maxFragments, ownedBits) =>
            new ReferenceParser(role, mergeFragments, maxFrameSize, maxMessageSize, maxFragments, ownedBits));

    private static WebSocketRole Peer(WebSocketRole role) => role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client;

    [Fact]
    [KtorParity("parts/WebSocketReader-FrameParser-SimpleFrameCollector")]
    public void Any_chunking_of_a_valid_stream_gives_the_same_frames_in_both_roles_and_both_modes() =>
        Gen.Select(FrameStreams.Any, Role, Gen.Bool, FrameStreams.Chunks, Gen.Bool).Sample((frames, role, mergeFragments, chunks, inPlace) =>
        {
            using var receiver = new Receiver(role, mergeFragments);

            receiver.FeedChunks(WireFrame.Encode(frames, Peer(role)), chunks, inPlace);

            Assert.Null(receiver.Violation);
            Assert.Equal(0, receiver.Unparsed);
            Assert.Equal(mergeFragments ? FrameStreams.Merged(frames) : FrameStreams.Raw(frames), receiver.Values);
        }, iter: 1000, print: sample => $"{sample.Item2}, merge {sample.Item3}, in place {sample.Item5}: {Print(sample.Item1)}");

    [Fact]
    public void Any_chunking_of_a_valid_stream_in_pieces_gives_the_same_messages_each_byte_at_once_and_leaves_no_memory() =>
        Gen.Select(FrameStreams.Any, Role, FrameStreams.Chunks, Gen.Bool).Sample((frames, role, chunks, inPlace) =>
        {
            using var receiver = new Receiver(AssemblerOutput.Pieces, role);
            byte[] wire = WireFrame.Encode(frames, Peer(role));
            List<FrameValue> expected = FrameStreams.Merged(frames);

            receiver.FeedChunks(wire, chunks, inPlace);

            Assert.Null(receiver.Violation);
            Assert.Equal(expected.Where(value => value.Type >= FrameType.Close), receiver.Values.Where(value => value.Type >= FrameType.Close));
            Assert.Equal(expected.Where(value => value.Type < FrameType.Close), FrameStreams.Joined(receiver.Frames.Where(frame => !frame.IsControl)));

            // What waits to be read takes its own bytes, what a batch left at the end of an array, and the array in use.
            long held = receiver.Frames.Sum(frame => (long)frame.Data.Length);
            Assert.InRange(receiver.Pool.OutstandingBytes, held, (3 * held) + (128 * 1024));
        }, iter: 1000, print: sample => $"{sample.Item2}, in place {sample.Item4}: {Print(sample.Item1)}");

    [Fact]
    [KtorParity("parts/WebSocketWriter-Serializer-writeFrame")]
    public void What_one_role_writes_the_other_reads_back_however_the_parts_are_appended_and_taken() =>
        Gen.Select(FrameStreams.Any, Role, Gen.Int[1, 70_000].Array[1, 4], Gen.Int[1, 9]).Sample((frames, role, parts, takeEvery) =>
        {
            using var receiver = new Receiver(Peer(role), mergeFragments: false);
            var pool = new CountingPool();
            var writer = new FrameWriter(role, pool: pool);
            int appended = 0;
            foreach (WireFrame frame in frames)
            {
                writer.Begin(frame.Opcode, frame.Payload.Length, frame.Fin, frame.Reserved);
                for (int at = 0; at < frame.Payload.Length; appended++)
                {
                    int part = Math.Min(parts[appended % parts.Length], frame.Payload.Length - at);
                    writer.Append(frame.Payload.AsSpan(at, part));
                    at += part;
                    if (appended % takeEvery == 0)
                        Move(writer, receiver);
                }
            }

            Move(writer, receiver);
            writer.Dispose();

            Assert.Null(receiver.Violation);
            Assert.Equal(FrameStreams.Raw(frames), receiver.Values);
            Assert.Equal(0, pool.Outstanding);
        }, iter: 500, print: sample => $"{sample.Item2}: {Print(sample.Item1)}");

    [Fact]
    [KtorParity("weakness/8-leniency")]
    public void A_mutated_stream_ends_in_the_frames_and_the_violation_that_the_RFC_says_under_any_chunking() =>
        Gen.Select(FrameStreams.Small, Mutation.Gen.Array[1, 3], Rules, FrameStreams.Chunks, Gen.Bool).Sample((frames, mutations, rules, chunks, inPlace) =>
        {
            byte[] bytes = mutations.Aggregate(WireFrame.Encode(frames, Peer(rules.Role)), (stream, mutation) => mutation.Apply(stream));

            AssertVerdict(rules, bytes, chunks, inPlace);
        }, iter: 4000, print: sample => $"{sample.Item3}, in place {sample.Item5}: {Hex.Text(sample.Item2.Aggregate(WireFrame.Encode(sample.Item1, Peer(sample.Item3.Role)), (stream, mutation) => mutation.Apply(stream)))}");

    [Fact]
    public void Random_bytes_end_in_the_frames_and_the_violation_that_the_RFC_says_under_any_chunking()
    {
        // Bytes that often make a legal header: purely random ones seldom get beyond the first.
        Gen<byte> octet = Gen.Frequency((3, (IGen<byte>)Gen.OneOf<byte>(0x00, 0x01, 0x02, 0x03, 0x7D, 0x7E, 0x80, 0x81, 0x82, 0x83, 0x88, 0x89, 0x8A, 0xC1, 0xFE)), (1, Gen.Byte));
        Gen.Select(octet.Array[0, 60], Rules, FrameStreams.Chunks, Gen.Bool).Sample(
            (bytes, rules, chunks, inPlace) => AssertVerdict(rules, bytes, chunks, inPlace),
            iter: 20_000, print: sample => $"{sample.Item2}, in place {sample.Item4}: {Hex.Text(sample.Item1)}");
    }

    [Fact]
    public void Every_two_bytes_in_every_state_are_judged_as_the_RFC_says()
    {
        string[] before = ["", "01 00", "02 01 00", "81 00"];
        foreach (string start in before)
        {
            for (int head = 0; head <= 0xFFFF; head++)
            {
                byte[] bytes = [.. Hex.Bytes(start), (byte)(head >> 8), (byte)head];
                var rules = new ReferenceParser(WebSocketRole.Client, true, 1000, 1000, 1000, ReservedBits.Rsv1);
                using var receiver = new Receiver(rules.Role, rules.MergeFragments, rules.MaxFrameSize, rules.MaxMessageSize, rules.MaxFragments, rules.OwnedBits);
                receiver.Feed(bytes);
                CloseCode? expected = rules.Parse(bytes).Code;
                if (receiver.Violation?.Code != expected)
                    Assert.Fail($"{Hex.Text(bytes)}: expected {expected}, was {receiver.Violation?.Code}.");
            }
        }
    }

    // Whole, byte by byte and in these chunks: all must agree with the reference, and so with one another.
    private static void AssertVerdict(ReferenceParser rules, byte[] bytes, int[] chunks, bool inPlace)
    {
        (List<FrameValue> frames, CloseCode? code) = rules.Parse(bytes);
        foreach (int[] sizes in (int[][])[[int.MaxValue], [1], chunks])
        {
            using var receiver = new Receiver(rules.Role, rules.MergeFragments, rules.MaxFrameSize, rules.MaxMessageSize, rules.MaxFragments, rules.OwnedBits);
            receiver.FeedChunks(bytes, sizes, inPlace);

            Assert.Equal(code, receiver.Violation?.Code);
            Assert.Equal(frames, receiver.Values);
            Assert.False(receiver is { Reader.Violation: not null, Assembler.Violation: not null });
        }
    }

    private static void Move(FrameWriter writer, Receiver receiver)
    {
        ArraySegment<byte> taken = writer.Take();
        receiver.Feed(taken);
        writer.Return(taken);
    }

    private static string Print(WireFrame[] frames) => string.Join("; ", frames.Select(frame => $"{frame.Opcode} fin={frame.Fin} {frame.Payload.Length} bytes"));

    /// <summary>One blow to a stream.</summary>
    private sealed record Mutation(int Kind, int Position, byte[] Bytes)
    {
        public static readonly Gen<Mutation> Gen = CsCheck.Gen.Select(
            CsCheck.Gen.Int[0, 4], CsCheck.Gen.Int[0, 10_000], CsCheck.Gen.Byte.Array[1, 8], (kind, position, bytes) => new Mutation(kind, position, bytes));

        public byte[] Apply(byte[] stream)
        {
            if (stream.Length == 0)
                return Bytes;
            int at = Position % stream.Length;
            int after = Math.Min(at + Bytes.Length, stream.Length);
            byte[] flipped = [.. stream];
            flipped[at] ^= (byte)(1 << (Bytes[0] & 7));
            return Kind switch
            {
                0 => flipped,
                1 => [.. stream[..at], .. Bytes, .. stream[at..]],
                2 => [.. stream[..at], .. stream[after..]],
                3 => stream[..at],
                _ => [.. stream[..at], .. Bytes, .. stream[after..]],
            };
        }
    }
}
