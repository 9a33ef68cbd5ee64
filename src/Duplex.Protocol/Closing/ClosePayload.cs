using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Duplex.Protocol;

/// <summary>The payload of a Close frame (RFC 6455 §5.5.1): empty, or a code and UTF-8 text.</summary>
internal static class ClosePayload
{
    public static bool TryParse(
        ReadOnlySpan<byte> payload,
        [NotNullWhen(true)] out CloseReason? reason,
        [NotNullWhen(false)] out ProtocolViolation? violation)
    {
        reason = null;
        violation = null;
        if (payload.IsEmpty)
        {
            // §7.1.5: "If this Close control frame contains no status code, _The WebSocket Connection Close Code_ is
            // considered to be 1005."
            reason = CloseReason.NoStatus;
            return true;
        }

        // §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer".
        if (payload.Length == 1)
        {
            violation = ProtocolViolation.Protocol(
                "a Close frame has a payload of 1 byte; it takes none, or a 2-byte code and a text");
            return false;
        }

        if (payload.Length > FrameHeader.MaxControlPayload)
        {
            violation = ProtocolViolation.Protocol(
                $"a Close frame has a payload of {payload.Length} bytes; " +
                $"a control frame takes at most {FrameHeader.MaxControlPayload}");
            return false;
        }

        var code = (CloseCode)BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!CloseReason.IsSendableCode(code))
        {
            // §7.4.1: 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close control frame".
            violation = ProtocolViolation.Protocol(
                $"a Close frame carries the code {(ushort)code}, which must not be sent");
            return false;
        }

        ReadOnlySpan<byte> text = payload[2..];
        if (!Utf8.IsValid(text))
        {
            // §5.5.1: "Following the 2-byte integer, the body MAY contain UTF-8-encoded data".
            violation = ProtocolViolation.InvalidUtf8("a Close frame's reason");
            return false;
        }

        reason = text.IsEmpty && code == CloseCode.NormalClosure
            ? CloseReason.Normal
            : new CloseReason(code, Encoding.UTF8.GetString(text));
        return true;
    }

    /// <summary>
    /// Returns the length, for a buffer of at least 125 bytes; 0 for <see cref="CloseReason.NoStatus"/>.
    /// </summary>
    public static int Write(CloseReason reason, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (reason.Code == CloseCode.NoStatusReceived)
            return 0;
        if (!reason.IsSendable)
        {
            throw new ArgumentException(
                $"The close code {(ushort)reason.Code} must not be sent (RFC 6455 §7.4). " +
                "Use 1000-1003, 1007-1014, or 3000-4999 for your own.",
                nameof(reason));
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)reason.Code);
        return sizeof(ushort) + Encoding.UTF8.GetBytes(reason.Message, destination[sizeof(ushort)..]);
    }
}
