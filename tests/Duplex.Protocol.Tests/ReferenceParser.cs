using System.Buffers.Binary;
using System.Text.Unicode;

namespace Duplex.Tests;

/// <summary>What a stream means by RFC 6455 §5, worked out from the whole of it in plain steps: slow, without chunks, and written apart from the code under test.</summary>
internal sealed record ReferenceParser(
    WebSocketRole Role, bool MergeFragments, long MaxFrameSize, long MaxMessageSize, int MaxFragments, ReservedBits OwnedBits)
{
    /// <summary>The frames before the first violation, and that one's code; null if there is none as far as the stream goes.</summary>
    public (List<FrameValue> Frames, CloseCode? Code) Parse(byte[] bytes)
    {
        var frames = new List<FrameValue>();
        CloseCode? code = Parse(bytes, frames);
        return (frames, code);
    }

    private CloseCode? Parse(byte[] bytes, List<FrameValue> frames)
    {
        List<byte>? message = null; // of all fragments so far; null between messages
        int messageOpcode = 0;
        var messageBits = ReservedBits.None;
        int fragments = 0;

        for (int at = 0; at < bytes.Length;)
        {
            bool fin = bytes[at] >= 0x80;
            var reserved = (ReservedBits)(bytes[at] & 0x70);
            int opcode = bytes[at] & 0x0F;
            bool isControl = opcode is 8 or 9 or 10;
            if ((reserved & ~OwnedBits) != 0 || (opcode is not (0 or 1 or 2) && !isControl))
                return CloseCode.ProtocolError;
            if ((isControl && (!fin || reserved != 0)) || (opcode == 0 && reserved != 0))
                return CloseCode.ProtocolError;
            if ((opcode == 0 && message is null) || (opcode is 1 or 2 && message is not null))
                return CloseCode.ProtocolError;

            if (at + 1 == bytes.Length)
                return null;
            bool masked = bytes[at + 1] >= 0x80;
            int shortLength = bytes[at + 1] & 0x7F;
            if (masked != (Role == WebSocketRole.Server))
                return CloseCode.ProtocolError;
            if (isControl && (shortLength > 125 || (opcode == 8 && shortLength == 1)))
                return CloseCode.ProtocolError;

            int lengthSize = shortLength switch { 126 => 2, 127 => 8, _ => 0 };
            int start = at + 2 + lengthSize + (masked ? 4 : 0);
            if (start > bytes.Length)
                return null;
            ulong length = lengthSize switch
            {
                2 => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at + 2)),
                8 => BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(at + 2)),
                _ => (ulong)shortLength,
            };
            if (length >= 1UL << 63 || (lengthSize == 2 && length < 126) || (lengthSize == 8 && length < 65536))
                return CloseCode.ProtocolError;
            if (length > (ulong)MaxFrameSize)
                return CloseCode.MessageTooBig;

            if (!isControl)
            {
                if (opcode != 0)
                    (message, messageOpcode, messageBits, fragments) = ([], opcode, reserved, 0);
                fragments++;
                if (MergeFragments && ((ulong)message!.Count + length > (ulong)MaxMessageSize || fragments > MaxFragments))
                    return CloseCode.MessageTooBig;
            }

            int here = (int)Math.Min(length, (ulong)(bytes.Length - start));
            byte[] payload = bytes[start..(start + here)];
            for (int i = 0; masked && i < here; i++)
                payload[i] ^= bytes[start - 4 + (i % 4)];
            bool isComplete = (ulong)here == length;
            if (!isControl)
            {
                message!.AddRange(payload);
                if (messageOpcode == 1 && (Utf8Oracle.Possible([.. message]) < message.Count || (isComplete && fin && !Utf8.IsValid([.. message]))))
                    return CloseCode.InvalidFramePayloadData;
            }

            if (!isComplete)
                return null;
            if (opcode == 8 && here > 0)
            {
                int code = (payload[0] << 8) + payload[1];
                if (code is not ((>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999)))
                    return CloseCode.ProtocolError;
                if (!Utf8.IsValid(payload.AsSpan(2)))
                    return CloseCode.InvalidFramePayloadData;
            }

            if (isControl)
                frames.Add(FrameValue.Of((FrameType)opcode, true, reserved, payload));
            else if (!MergeFragments)
                frames.Add(FrameValue.Of((FrameType)messageOpcode, fin, reserved, payload));
            else if (fin)
                frames.Add(FrameValue.Of((FrameType)messageOpcode, true, messageBits, [.. message!]));
            if (!isControl && fin)
                message = null;
            at = start + here;
        }

        return null;
    }
}
