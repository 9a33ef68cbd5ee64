using System.Buffers;
using System.IO.Compression;

namespace Duplex.Tests;

/// <summary>
/// Compressed messages, through reader, assembler and permessage-deflate. Whatever comes, and in whatever chunks and fragments: the same messages and the same end, what an inflater written apart makes
/// of them, within the limit; and what we compress is expanded to what it was.
/// </summary>
internal sealed class InflateTarget : FuzzTarget
{
    // Small enough that a few hundred bytes can pass it.
    private const int Limit = 100_000;

    // The judge is slow.
    private const int MostJudged = 4_000;

    public override string Name => "inflate";

    public override int AtATime => 500; // each input makes a few codecs

    public override IEnumerable<byte[]> Seeds => Lines("inflate.txt").SelectMany(line => (byte[][])[[0x00, 0x35, .. Messages(line)], [0x01, 0x35, .. Messages(line)]]);

    public override byte[] Generate(Random random)
    {
        var input = new List<byte> { (byte)random.Next(256), (byte)random.Next(256) };
        var sink = new MemoryStream();
        using var codec = new DeflateStream(sink, (CompressionLevel)random.Next(4), leaveOpen: true);
        for (int messages = 1 + random.Next(4); messages > 0 && input.Count < MaxInput; messages--)
        {
            byte[] message = new byte[1 + random.Next(random.Next(10) == 0 ? 3000 : 60)];
            foreach (ref byte b in message.AsSpan())
                b = (byte)('a' + random.Next(4));
            sink.SetLength(0);
            codec.Write(message);
            codec.Flush();
            byte[] payload = sink.ToArray()[..^4];
            if (payload.Length > 255)
                break;
            input.AddRange([(byte)payload.Length, .. payload]);
        }

        return [.. input.Take(MaxInput)];
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return 0;
        int settings = input[0], cuts = input[1];
        bool takesOver = (settings & 1) == 0;
        List<byte[]> payloads = Split(input[2..]);
        if ((settings & 0xF0) == 0xF0)
            return RoundTrip(payloads, takesOver, settings);

        FrameType type = (settings & 2) == 0 ? FrameType.Binary : FrameType.Text;
        Outcome whole = Receive(payloads, type, takesOver, int.MaxValue, int.MaxValue);
        Outcome byByte = Receive(payloads, type, takesOver, int.MaxValue, 1);
        Outcome cut = Receive(payloads, type, takesOver, 1 + (cuts & 15), 1 + (cuts >> 4));
        (string? expected, bool mayBeFinal) = Judge(payloads, takesOver, whole);

        // A final block may stand anywhere, and what comes behind one within a chunk is lost to the platform's codec: then chunks may differ.
        if (!mayBeFinal)
        {
            Same(whole, byByte);
            Same(whole, cut);
        }

        if (expected is not null && !mayBeFinal && type == FrameType.Binary && whole.Code is null)
            Same(expected, whole.Messages);
        return Signature((int)type, takesOver ? 1 : 0, whole.Count, whole.Messages.Length > 2000 ? 1 : 0, Words(whole.Error), mayBeFinal ? 1 : 0);
    }

    private static Outcome Receive(List<byte[]> payloads, FrameType type, bool takesOver, int fragment, int chunk)
    {
        using var deflate = Accepted(takesOver ? "" : "; server_no_context_takeover", _ => { });
        using var receiver = new Receiver([deflate], maxMessageSize: Limit);
        foreach (byte[] payload in payloads)
        {
            int at = 0;
            do
            {
                byte[] part = payload[at..Math.Min(payload.Length, at + Math.Min(fragment, payload.Length))];
                var frame = new WireFrame(at == 0 ? (Opcode)type : Opcode.Continuation, part, Fin: at + part.Length == payload.Length, at == 0 ? ReservedBits.Rsv1 : ReservedBits.None);
                at += part.Length;
                receiver.FeedChunks(frame.Encode(WebSocketRole.Server), [chunk]);
            }
            while (at < payload.Length && receiver.Violation is null);
            if (receiver.Violation is not null)
                break;
        }

        if (receiver.Frames.Any(frame => frame.Data.Length > Limit))
            throw new FindingException("A message is larger than the limit.");
        return new Outcome(string.Join("; ", receiver.Frames.Select(frame => Hex.Text(frame.Data.Span))), receiver.Frames.Count, receiver.Violation?.Code, receiver.Violation?.Message);
    }

    // What an inflater written apart makes of all messages; null where it cannot, or where that would take long. It also knows whether a block is final.
    private static (string? Messages, bool MayBeFinal) Judge(List<byte[]> payloads, bool takesOver, Outcome whole)
    {
        var judge = new ReferenceInflate();
        bool isFinal = false;
        if (whole.Messages.Length > MostJudged)
            return (null, true); // nobody knows: any bit may be the one
        var messages = new List<string>();
        try
        {
            foreach (byte[] payload in payloads)
            {
                if (!takesOver)
                    judge = new ReferenceInflate();
                messages.Add(Hex.Text(judge.Message(payload)));
                isFinal |= judge.HasFinalBlock;
                if (!judge.EndedWell)
                    return (null, true); // cut off: the tail is data, as the RFC has it, but of the next message, as we have it
            }

            return (string.Join("; ", messages), isFinal);
        }
        catch (Exception)
        {
            // It is no judge of what is malformed, but knows what stood before. Behind a message that we take and it does not, which only its tail makes malformed, nobody does.
            return (null, isFinal || judge.HasFinalBlock || messages.Count < whole.Count);
        }
    }

    private static int RoundTrip(List<byte[]> messages, bool takesOver, int settings)
    {
        int bits = 8 + (settings & 7);
        using PerMessageDeflate ours = Accepted(
            $"; client_max_window_bits={bits}{(takesOver ? "" : "; client_no_context_takeover")}", deflate => deflate.Level = (settings & 8) == 0 ? CompressionLevel.Fastest : CompressionLevel.Optimal);
        using PerMessageDeflate theirs = Accepted(takesOver ? "" : "; server_no_context_takeover", _ => { });
        var judge = new ReferenceInflate();
        foreach (byte[] message in messages)
        {
            var wire = new ArrayBufferWriter<byte>();
            ours.ProcessOutgoing(MessagePart.Whole(FrameType.Binary, message), wire);
            var expanded = new ArrayBufferWriter<byte>();
            ProtocolViolation? violation = theirs.ProcessIncoming(MessagePart.Whole(FrameType.Binary, wire.WrittenSpan, ReservedBits.Rsv1), expanded).Violation;
            if (!takesOver)
                judge = new ReferenceInflate();
            byte[] judged = judge.Message(wire.WrittenSpan);
            if (violation is not null || !expanded.WrittenSpan.SequenceEqual(message) || !judged.AsSpan().SequenceEqual(message))
                throw new FindingException($"A message of {message.Length} bytes came back as another ({violation?.Message}).");
            if (judge.FurthestDistance > 1 << bits)
                throw new FindingException($"A message refers back {judge.FurthestDistance} bytes, where {bits} bits were agreed on.");
        }

        return Signature(1000, bits, messages.Count, takesOver ? 1 : 0);
    }

    private static PerMessageDeflate Accepted(string parameters, Action<PerMessageDeflateOptions> configure)
    {
        var options = new PerMessageDeflateOptions { MinimumSize = 0 };
        configure(options);
        var deflate = (PerMessageDeflate)new PerMessageDeflateFactory().With(options).CreateIdentified();
        return deflate.TryAccept(WebSocketExtensionHeader.ParseList("permessage-deflate" + parameters)[0], out string? error) ? deflate : throw new InvalidOperationException(error);
    }

    // Each message has its length before it, in one byte.
    private static List<byte[]> Split(ReadOnlySpan<byte> bytes)
    {
        var payloads = new List<byte[]>();
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes[0], bytes.Length - 1);
            payloads.Add(bytes.Slice(1, length).ToArray());
            bytes = bytes[(1 + length)..];
        }

        return payloads;
    }

    private static byte[] Messages(string line) => [.. line.Split(' ').Select(Convert.FromHexString).SelectMany(payload => (byte[])[(byte)payload.Length, .. payload])];

    private static void Same(Outcome one, Outcome other)
    {
        // Data that pass the limit, are no text and cannot be read further on are noticed in one order or another.
        if (one.Messages == other.Messages && one.Count == other.Count && one.Code is null == other.Code is null)
            return;
        throw new FindingException($"One way {one}, another {other}.");
    }

    private static void Same(string expected, string actual)
    {
        if (expected != actual)
            throw new FindingException($"Expected {expected}, was {actual}.");
    }

    private sealed record Outcome(string Messages, int Count, CloseCode? Code, string? Error);
}
