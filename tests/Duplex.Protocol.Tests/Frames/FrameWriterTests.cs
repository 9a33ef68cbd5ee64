namespace Duplex.Tests;

public class FrameWriterTests
{
    private readonly CountingPool _pool = new();

    // Keys in the order of the wire: 01 02 03 04, 02 03 04 05, ...
    private static MaskKeyPool Keys() => new(destination =>
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = (byte)(1 + (i / 4) + (i % 4));
    });

    private static byte[] Take(FrameWriter writer)
    {
        ArraySegment<byte> taken = writer.Take();
        byte[] bytes = [.. taken];
        writer.Return(taken);
        return bytes;
    }

    private static string Masked(string payload, params byte[] key) => Hex.Text([.. Hex.Bytes(payload).Select((octet, i) => (byte)(octet ^ key[i % 4]))]);

    [Fact]
    public void A_server_does_not_mask()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, Keys(), _pool);

        writer.Write(Opcode.Text, "Hello"u8);

        Assert.Equal(Hex.Bytes("81 05 48 65 6c 6c 6f"), Take(writer));
    }

    [Fact]
    public void A_client_masks_each_frame_with_a_key_of_its_own()
    {
        using var writer = new FrameWriter(WebSocketRole.Client, Keys(), _pool);

        writer.Write(Opcode.Text, "Hello"u8);
        writer.Write(Opcode.Binary, [0, 0, 0, 0, 0, 0]);
        writer.Write(Opcode.Pong, []);

        Assert.Equal(Hex.Bytes("81 85 01020304" + Masked("48656c6c6f", 1, 2, 3, 4) + "82 86 02030405 020304050203 8A 80 03040506"), Take(writer));
    }

    [Fact]
    public void Without_a_key_pool_a_client_masks_with_random_keys()
    {
        using var writer = new FrameWriter(WebSocketRole.Client);
        for (int i = 0; i < 8; i++)
            writer.Write(Opcode.Binary, []);

        byte[][] keys = [.. Take(writer).Chunk(6).Select(frame => frame[2..])];

        Assert.True(keys.DistinctBy(key => Hex.Text(key)).Count() >= 7);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(65535)]
    [InlineData(65536)]
    [KtorParity("parts/WebSocketWriter-Serializer-writeFrame")]
    public void A_frame_of_any_length_is_coded_as_the_RFC_draws_it(int length)
    {
        byte[] payload = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        foreach (WebSocketRole role in (WebSocketRole[])[WebSocketRole.Client, WebSocketRole.Server])
        {
            using var writer = new FrameWriter(role, Keys(), _pool);
            writer.Write(Opcode.Binary, payload, fin: false, ReservedBits.Rsv2);

            Assert.Equal(new WireFrame(Opcode.Binary, payload, false, ReservedBits.Rsv2) { Key = [1, 2, 3, 4] }.Encode(role), Take(writer));
        }
    }

    [Fact]
    public void A_payload_in_parts_equals_one_written_whole()
    {
        byte[] payload = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
        using var whole = new FrameWriter(WebSocketRole.Client, Keys(), _pool);
        whole.Write(Opcode.Binary, payload);

        using var inParts = new FrameWriter(WebSocketRole.Client, Keys(), _pool);
        inParts.Begin(Opcode.Binary, payload.Length);
        for (int at = 0, part = 0; at < payload.Length; at += part)
        {
            part = Math.Min(part + 1, payload.Length - at);
            inParts.Append(payload.AsSpan(at, part));
            Assert.Equal(payload.Length - at - part, inParts.Remaining);
        }

        Assert.Equal(Take(whole), Take(inParts));
    }

    [Fact]
    public void What_was_written_can_be_taken_in_the_middle_of_a_frame_and_the_mask_goes_on()
    {
        using var writer = new FrameWriter(WebSocketRole.Client, Keys(), _pool);
        writer.Begin(Opcode.Binary, 7);
        writer.Append([0, 0, 0]);

        Assert.Equal(Hex.Bytes("82 87 01020304 010203"), Take(writer));

        Assert.Equal(4, writer.Remaining);
        writer.Append([0]);
        Assert.Equal(Hex.Bytes("04"), Take(writer));
        writer.Append([0, 0, 0]);
        writer.Write(Opcode.Ping, []);
        Assert.Equal(Hex.Bytes("010203 89 80 02030405"), Take(writer));
    }

    [Fact]
    public void No_frame_can_begin_inside_another()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);
        writer.Begin(Opcode.Binary, 2);
        writer.Append([1]);

        Assert.Throws<InvalidOperationException>(() => writer.Write(Opcode.Pong, []));
        Assert.Throws<InvalidOperationException>(() => writer.Begin(Opcode.Text, 1));

        writer.Append([2]);
        writer.Write(Opcode.Pong, []);
        Assert.Equal(Hex.Bytes("82 02 0102 8A 00"), Take(writer));
    }

    [Fact]
    public void No_more_can_be_appended_than_the_frame_lacks()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);
        Assert.Throws<ArgumentException>(() => writer.Append([1]));
        writer.Begin(Opcode.Binary, 2);

        Assert.Throws<ArgumentException>(() => writer.Append([1, 2, 3]));

        writer.Append([1, 2]);
        Assert.Equal(Hex.Bytes("82 02 0102"), Take(writer));
    }

    [Fact]
    public void A_length_is_never_negative()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);

        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Begin(Opcode.Binary, -1));

        Assert.Equal(0, writer.WrittenCount);
    }

    [Fact]
    public void A_frame_larger_than_an_array_can_be_begun()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);

        writer.Begin(Opcode.Binary, 1L << 40);

        Assert.Equal(1L << 40, writer.Remaining);
        Assert.Equal(Hex.Bytes("82 7f 00 00 01 00 00 00 00 00"), Take(writer));
    }

    [Fact]
    public void Taking_nothing_gives_nothing_and_rents_nothing()
    {
        using var writer = new FrameWriter(WebSocketRole.Client, Keys(), _pool);
        writer.Append([]);

        ArraySegment<byte> taken = writer.Take();

        Assert.Equal(0, taken.Count);
        writer.Return(taken);
        writer.Return(default);
        Assert.Equal(0, _pool.Rents);
    }

    [Fact]
    public void An_empty_part_after_a_take_rents_nothing()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);
        writer.Begin(Opcode.Binary, 1);
        Take(writer);

        writer.Append([]);

        Assert.Null(writer.Take().Array is { Length: > 0 } array ? array : null);
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void What_was_taken_stays_as_it_is_while_more_is_written()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);
        writer.Write(Opcode.Text, "Hello"u8);
        ArraySegment<byte> taken = writer.Take();

        writer.Write(Opcode.Binary, new byte[300]);

        Assert.Equal(Hex.Bytes("81 05 48 65 6c 6c 6f"), taken.ToArray());
        writer.Return(taken);
        Assert.Equal(304, writer.WrittenCount);
    }

    [Fact]
    public void A_frame_written_whole_is_rented_for_once()
    {
        using var writer = new FrameWriter(WebSocketRole.Client, Keys(), _pool);

        writer.Write(Opcode.Binary, new byte[100_000]);

        Assert.Equal(1, _pool.Rents);
        Assert.Equal(100_014, writer.WrittenCount);
    }

    [Fact]
    public void A_batch_grows_by_doubling()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);

        for (int i = 0; i < 100_000; i++)
            writer.Write(Opcode.Text, "12345678"u8);

        Assert.InRange(_pool.Rents, 1, 16);
        Assert.Equal(1, _pool.Outstanding);
        Assert.Equal(1_000_000, Take(writer).Length);
    }

    [Fact]
    public void A_batch_like_the_last_one_is_rented_for_once()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);
        void Batch()
        {
            for (int i = 0; i < 1000; i++)
                writer.Write(Opcode.Text, "12345678"u8);
            Take(writer);
        }

        Batch();
        int before = _pool.Rents;
        Batch();

        Assert.Equal(before + 1, _pool.Rents);
    }

    [Fact]
    public void After_a_huge_batch_a_lone_pong_does_not_rent_as_much_again()
    {
        using var writer = new FrameWriter(WebSocketRole.Server, pool: _pool);
        writer.Write(Opcode.Binary, new byte[8 * 1024 * 1024]);
        Take(writer);

        writer.Write(Opcode.Pong, []);

        Assert.InRange(_pool.OutstandingBytes, 1, 256 * 1024);
    }

    [Fact]
    public void Nothing_is_left_out_after_disposal_in_any_state()
    {
        var writer = new FrameWriter(WebSocketRole.Client, Keys(), _pool);
        writer.Dispose();
        Assert.Equal(0, _pool.Outstanding);

        writer = new FrameWriter(WebSocketRole.Client, Keys(), _pool);
        for (int i = 0; i < 100; i++)
            writer.Write(Opcode.Binary, new byte[i]);
        writer.Begin(Opcode.Binary, 100);
        writer.Append(new byte[50]);
        ArraySegment<byte> taken = writer.Take();
        writer.Append(new byte[20]);
        Assert.Equal(2, _pool.Outstanding);

        writer.Dispose();
        writer.Dispose();

        Assert.Equal(1, _pool.Outstanding);
        writer.Return(taken);
        Assert.Equal(0, _pool.Outstanding);
        Assert.Equal(0, writer.Remaining);
    }
}
