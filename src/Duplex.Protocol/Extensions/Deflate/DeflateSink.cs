using System.Buffers;

namespace Duplex.Protocol;

/// <summary>
/// Passes compressed bytes on, except the last 4: at the end of a message they are the tail, which is not sent.
/// </summary>
internal sealed class DeflateSink : CodecStream
{
    // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF];

    private readonly byte[] _held = new byte[4]; // the tail's length

    // Only touched by the outgoing direction.
    private int _heldLength;

    public override bool CanRead => false;

    public override bool CanWrite => true;

    /// <summary>Null discards the bytes.</summary>
    public IBufferWriter<byte>? Output { get; set; }

    public long Passed { get; private set; }

    /// <summary>Discards the message's tail; false if nothing was compressed.</summary>
    public bool TryEnd()
    {
        if (_heldLength == 0)
            return false;
        if (!_held.AsSpan(0, _heldLength).SequenceEqual(Tail))
        {
            throw new InvalidOperationException(
                "The platform's codec ended a message in other bytes than RFC 7692 §7.2.1 has it.");
        }

        _heldLength = 0;
        return true;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Output is null)
            return;

        int passed = Math.Clamp(_heldLength + buffer.Length - _held.Length, 0, _heldLength);
        Pass(_held.AsSpan(0, passed));
        _held.AsSpan(passed, _heldLength - passed).CopyTo(_held);
        _heldLength -= passed;
        int kept = Math.Min(buffer.Length, _held.Length - _heldLength);
        Pass(buffer[..^kept]);
        buffer[^kept..].CopyTo(_held.AsSpan(_heldLength));
        _heldLength += kept;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Pass(ReadOnlySpan<byte> bytes)
    {
        Output!.Write(bytes);
        Passed += bytes.Length;
    }
}
