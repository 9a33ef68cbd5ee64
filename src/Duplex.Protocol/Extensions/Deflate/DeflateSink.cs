using System.Buffers;

namespace Duplex.Protocol;

/// <summary>Takes what the codec has compressed, and passes it on, save for the last 4 bytes: those of a message's end are not sent.</summary>
internal sealed class DeflateSink : CodecStream
{
    // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF];

    private readonly byte[] _held = new byte[4]; // as long as the tail

    // Only touched by the outgoing direction.
    private int _heldLength;

    public override bool CanRead => false;

    public override bool CanWrite => true;

    /// <summary>Where to pass bytes on; null to drop what comes.</summary>
    public IBufferWriter<byte>? Output { get; set; }

    /// <summary>How many bytes were passed on so far.</summary>
    public long Passed { get; private set; }

    /// <summary>The message ends here: drops its tail.</summary>
    /// <returns>False if nothing was compressed of it.</returns>
    /// <exception cref="InvalidOperationException">It ends in other bytes, so the peer could not read it.</exception>
    public bool TryEnd()
    {
        if (_heldLength == 0)
            return false;
        if (!_held.AsSpan(0, _heldLength).SequenceEqual(Tail))
            throw new InvalidOperationException("The platform's codec ended a message in other bytes than RFC 7692 §7.2.1 has it.");
        _heldLength = 0;
        return true;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Output is null)
            return;

        // What is held stays first; of both together the last 4 bytes are held from now on.
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
