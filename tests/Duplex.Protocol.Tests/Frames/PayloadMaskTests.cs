using System.Runtime.InteropServices;
using CsCheck;

namespace Duplex.Tests;

public class PayloadMaskTests
{
    private static readonly byte[] KeyOctets = [0x37, 0xfa, 0x21, 0x3d];
    private static readonly uint Key = MemoryMarshal.Read<uint>(KeyOctets);

    // RFC 6455 §5.3, word by word.
    private static byte[] Oracle(byte[] source, byte[] key, int offset = 0) => [.. source.Select((octet, i) => (byte)(octet ^ key[(i + offset) % 4]))];

    private static byte[] Octets(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7 + 1))];

    [Fact]
    public void The_RFCs_Hello_masks_to_what_the_RFC_shows()
    {
        byte[] payload = "Hello"u8.ToArray();

        PayloadMask.Copy(payload, payload, Key);

        Assert.Equal(Hex.Bytes("7f 9f 4d 51 58"), payload);
    }

    [Fact]
    public void Every_length_at_every_offset_agrees_with_the_definition()
    {
        for (int length = 0; length <= 300; length++)
        {
            byte[] source = Octets(length);
            for (int offset = 0; offset < 4; offset++)
            {
                byte[] destination = new byte[length];
                uint next = PayloadMask.Copy(source, destination, PayloadMask.Turn(Key, offset));

                Assert.Equal(Oracle(source, KeyOctets, offset), destination);
                Assert.Equal(PayloadMask.Turn(Key, offset + length), next);
            }
        }
    }

    [Fact]
    public void Masking_in_place_equals_masking_into_a_copy()
    {
        for (int length = 0; length <= 300; length++)
        {
            byte[] inPlace = Octets(length);

            PayloadMask.Copy(inPlace, inPlace, Key);

            Assert.Equal(Oracle(Octets(length), KeyOctets), inPlace);
        }
    }

    [Fact]
    public void A_payload_masked_in_any_parts_equals_one_masked_whole() =>
        Gen.Select(Gen.Byte.Array[0, 600], Gen.UInt, Gen.Int[1, 80].Array[1, 8]).Sample((source, key, parts) =>
        {
            byte[] whole = new byte[source.Length];
            uint end = PayloadMask.Copy(source, whole, key);

            byte[] inParts = new byte[source.Length];
            uint turned = key;
            for (int at = 0, i = 0; at < source.Length; i++)
            {
                int part = Math.Min(parts[i % parts.Length], source.Length - at);
                turned = PayloadMask.Copy(source.AsSpan(at, part), inParts.AsSpan(at), turned);
                at += part;
            }

            Assert.Equal(whole, inParts);
            Assert.Equal(end, turned);
        }, iter: 2000);

    [Fact]
    public void Masking_twice_gives_the_payload_back() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.UInt).Sample((source, key) =>
        {
            byte[] bytes = [.. source];
            PayloadMask.Copy(bytes, bytes, key);
            PayloadMask.Copy(bytes, bytes, key);
            Assert.Equal(source, bytes);
        }, iter: 1000);

    [Theory]
    [InlineData(0x00000000u, 0x00)]
    [InlineData(0xFFFFFFFFu, 0xFF)]
    public void The_extreme_keys_work_like_any_other(uint key, byte octet)
    {
        byte[] destination = new byte[70];

        Assert.Equal(key, PayloadMask.Copy(Octets(70), destination, key));

        Assert.Equal(Oracle(Octets(70), [octet, octet, octet, octet]), destination);
    }

    [Fact]
    public void Bytes_behind_the_source_are_left_alone()
    {
        byte[] destination = Octets(100);

        PayloadMask.Copy(Octets(61), destination, Key);

        Assert.Equal(Octets(100)[61..], destination[61..]);
    }

    [Fact]
    public void A_shorter_destination_is_refused_before_anything_is_written()
    {
        byte[] destination = new byte[40];

        Assert.Throws<ArgumentOutOfRangeException>(() => PayloadMask.Copy(Octets(41), destination, Key));

        Assert.All(destination, octet => Assert.Equal(0, octet));
    }

    [Theory]
    [InlineData(0, "37 fa 21 3d")]
    [InlineData(1, "fa 21 3d 37")]
    [InlineData(2, "21 3d 37 fa")]
    [InlineData(3, "3d 37 fa 21")]
    [InlineData(4, "37 fa 21 3d")]
    [InlineData(-1, "3d 37 fa 21")]
    public void Turning_moves_the_keys_octets_along(int offset, string octets) =>
        Assert.Equal(MemoryMarshal.Read<uint>(Hex.Bytes(octets)), PayloadMask.Turn(Key, offset));
}
