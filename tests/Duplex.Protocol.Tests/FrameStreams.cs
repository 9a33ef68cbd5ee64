using System.Text;
using CsCheck;

namespace Duplex.Tests;

/// <summary>Random valid streams: messages of both kinds, whole and in fragments, control frames between them and inside, lengths around every boundary.</summary>
internal static class FrameStreams
{
    private static readonly Gen<byte[]> Key = Gen.Byte.Array[4];

    private static readonly Gen<int> SmallLength = Gen.Frequency(
        (4, (IGen<int>)Gen.Int[0, 20]),
        (1, Gen.OneOf(0, 1, 124, 125, 126, 127, 128, 200, 1023, 1024, 1025)));

    private static readonly Gen<int> AnyLength = Gen.Frequency((12, (IGen<int>)SmallLength), (1, Gen.OneOf(4095, 4096, 4097, 65535, 65536, 65537, 140_000)));

    private static readonly Gen<string> Character = Gen.OneOf("a", "\0", "é", "€", "\uD7FF", "\uFFFD", "🌍", "\U0010FFFF");

    private static readonly Gen<WireFrame> Control = Gen.Select(Gen.Bool, Gen.Byte.Array[0, 125], Key, (isPing, payload, key) =>
        new WireFrame(isPing ? Opcode.Ping : Opcode.Pong, payload) { Key = key });

    private static readonly Gen<WireFrame> Close = Gen.Select(Gen.OneOf(0, 1000, 1003, 1007, 1014, 3000, 4999), Character.Array[0, 10], Key, (code, text, key) =>
        new WireFrame(Opcode.Close, code == 0 ? [] : [(byte)(code >> 8), (byte)code, .. Encoding.UTF8.GetBytes(string.Concat(text))]) { Key = key });

    /// <summary>Streams with payloads up to 140,000 bytes.</summary>
    public static readonly Gen<WireFrame[]> Any = Streams(AnyLength, maxMessages: 5);

    /// <summary>Streams of a few hundred bytes.</summary>
    public static readonly Gen<WireFrame[]> Small = Streams(SmallLength, maxMessages: 4);

    /// <summary>Sizes of the chunks that a stream comes in, over and over: mostly tiny, or mixed, or large.</summary>
    public static readonly Gen<int[]> Chunks = Gen.OneOf(Gen.Int[1, 4].Array[1, 4], Gen.Int[1, 300].Array[1, 6], Gen.Int[1, 100_000].Array[1, 3]);

    /// <summary>What a default session delivers of a stream.</summary>
    public static List<FrameValue> Merged(IEnumerable<WireFrame> frames)
    {
        var values = new List<FrameValue>();
        List<WireFrame> message = [];
        foreach (WireFrame frame in frames)
        {
            if (frame.Opcode >= Opcode.Close)
            {
                values.Add(FrameValue.Of((FrameType)frame.Opcode, true, ReservedBits.None, frame.Payload));
                continue;
            }

            message.Add(frame);
            if (!frame.Fin)
                continue;
            values.Add(FrameValue.Of((FrameType)message[0].Opcode, true, message[0].Reserved, [.. message.SelectMany(fragment => fragment.Payload)]));
            message.Clear();
        }

        return values;
    }

    /// <summary>What a raw session delivers of a stream.</summary>
    public static List<FrameValue> Raw(IEnumerable<WireFrame> frames)
    {
        var values = new List<FrameValue>();
        Opcode type = default;
        foreach (WireFrame frame in frames)
        {
            if (frame.Opcode is Opcode.Text or Opcode.Binary)
                type = frame.Opcode;
            values.Add(FrameValue.Of((FrameType)(frame.Opcode >= Opcode.Close ? frame.Opcode : type), frame.Fin, frame.Reserved, frame.Payload));
        }

        return values;
    }

    /// <summary>The messages that pieces make up; none but a last piece may be empty.</summary>
    public static List<FrameValue> Joined(IEnumerable<Frame> pieces)
    {
        var values = new List<FrameValue>();
        List<byte> message = [];
        foreach (Frame piece in pieces)
        {
            Assert.True(piece.Fin || !piece.Data.IsEmpty);
            message.AddRange(piece.Data.Span);
            if (!piece.Fin)
                continue;
            values.Add(FrameValue.Of(piece.Type, true, piece.Reserved, [.. message]));
            message.Clear();
        }

        Assert.Empty(message);
        return values;
    }

    private static Gen<WireFrame[]> Streams(Gen<int> length, int maxMessages) =>
        Gen.Select(Message(length).Array[1, maxMessages], Control.Array[0, 2], Close.Array[0, 1], (messages, controls, close) =>
            (WireFrame[])[.. controls, .. messages.SelectMany(message => message), .. close]);

    private static Gen<WireFrame[]> Message(Gen<int> length)
    {
        Gen<byte[]> text = Gen.Select(Character.Array[0, 12], length, (characters, padTo) =>
        {
            byte[] head = Encoding.UTF8.GetBytes(string.Concat(characters));
            return (byte[])[.. head, .. Enumerable.Repeat((byte)'x', Math.Max(0, padTo - head.Length))];
        });
        Gen<byte[]> binary = Gen.Select(length, Gen.Byte, Gen.Byte, (count, from, step) =>
        {
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++)
                bytes[i] = (byte)(from + (i * step) + (i >> 8));
            return bytes;
        });
        return Gen.Select(Gen.Bool, text, binary, Gen.Int[0, 200_000].Array[0, 4], Gen.Select(Gen.Int[0, 4], Control).Array[0, 2], Key, (isText, utf8, bytes, cuts, controls, key) =>
            Cut(isText ? Opcode.Text : Opcode.Binary, isText ? utf8 : bytes, cuts, controls, key));
    }

    // One frame more than there are cuts, and control frames behind the fragments with their numbers.
    private static WireFrame[] Cut(Opcode opcode, byte[] payload, int[] cuts, (int Behind, WireFrame Frame)[] controls, byte[] key)
    {
        int[] ends = [.. cuts.Select(cut => cut % (payload.Length + 1)).Order(), payload.Length];
        var frames = new List<WireFrame>();
        for (int i = 0, at = 0; i < ends.Length; at = ends[i++])
        {
            frames.Add(new WireFrame(i == 0 ? opcode : Opcode.Continuation, payload[at..ends[i]], Fin: i == ends.Length - 1) { Key = key });
            frames.AddRange(controls.Where(control => control.Behind == i).Select(control => control.Frame));
        }

        return [.. frames];
    }
}
