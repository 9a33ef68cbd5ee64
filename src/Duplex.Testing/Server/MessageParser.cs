using System.Buffers;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>Finds messages and control frames in the bytes of a client. After a violation it finds no more.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class MessageParser(Action<FrameType, ReadOnlyMemory<byte>> found)
{
    // A client's own bits are shown as they come.
    private readonly FrameReader _reader = new(
        WebSocketRole.Server, long.MaxValue, ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3,
        ReservedBits.Rsv1 | ReservedBits.Rsv2 | ReservedBits.Rsv3);

    private readonly ArrayBufferWriter<byte> _message = new();
    private readonly ArrayBufferWriter<byte> _control = new();

    // Accessed only by the reading thread: the start of a header.
    private byte[] _rest = [];

    /// <summary>Takes the next bytes.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        byte[] own = [.. _rest, .. bytes]; // a copy: the reader unmasks in place
        Span<byte> input = own;
        while (_reader.TryRead(ref input, out FramePiece piece))
        {
            ArrayBufferWriter<byte> payload = piece.Header.IsControl ? _control : _message;
            payload.Write(piece.Payload);
            if (piece.EndsMessage || (piece.Ends && piece.Header.IsControl))
            {
                found(piece.Type, payload.WrittenSpan.ToArray());
                payload.ResetWrittenCount();
            }
        }

        _rest = input.ToArray();
    }
}
