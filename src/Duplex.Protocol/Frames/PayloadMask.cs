using System.Numerics;
using System.Runtime.InteropServices;

namespace Duplex.Protocol;

/// <summary>
/// Masks payloads. RFC 6455 §5.3: "Octet i of the transformed data is the XOR of octet i of the original data with
/// octet at index i modulo 4 of the masking key".
/// </summary>
internal static class PayloadMask
{
    /// <summary>Masks or unmasks; both may be the same memory. Keys are in native byte order.</summary>
    /// <returns>The key rotated for the next call of the same payload.</returns>
    public static uint Copy(ReadOnlySpan<byte> source, Span<byte> destination, uint key)
    {
        destination = destination[..source.Length];
        int done = 0;
        if (source.Length >= Vector<byte>.Count)
        {
            // A vector holds whole keys, so the key needs no rotation.
            Vector<byte> keys = Vector.AsVectorByte(new Vector<uint>(key));
            for (; done <= source.Length - Vector<byte>.Count; done += Vector<byte>.Count)
                (new Vector<byte>(source[done..]) ^ keys).CopyTo(destination[done..]);
        }

        for (; done <= source.Length - sizeof(uint); done += sizeof(uint))
            MemoryMarshal.Write(destination[done..], MemoryMarshal.Read<uint>(source[done..]) ^ key);

        int rest = source.Length - done;
        if (rest == 0)
            return key;

        Span<byte> octets = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(octets, key);
        for (int i = 0; i < rest; i++)
            destination[done + i] = (byte)(source[done + i] ^ octets[i]);
        return Turn(key, rest);
    }

    public static uint Turn(uint key, int offset) =>
        BitConverter.IsLittleEndian
            ? BitOperations.RotateRight(key, 8 * (offset & 3))
            : BitOperations.RotateLeft(key, 8 * (offset & 3));
}
