namespace Duplex.Tests;

public class OwedPongsTests
{
    // What a server, which does not mask, writes of the pongs.
    private static byte[] Written(OwedPongs pongs)
    {
        using var writer = new FrameWriter(WebSocketRole.Server);
        pongs.WriteTo(writer);
        ArraySegment<byte> taken = writer.Take();
        byte[] bytes = [.. taken];
        writer.Return(taken);
        return bytes;
    }

    private static byte[] Pongs(params IEnumerable<byte> payloads) => [.. payloads.SelectMany(payload => (byte[])[0x8A, 1, payload])];

    [Fact]
    public void Pongs_are_written_oldest_first_with_their_pings_payload_and_then_forgotten()
    {
        var pongs = new OwedPongs();
        pongs.Add("Hello"u8);
        pongs.Add([]);
        pongs.Add([7]);
        Assert.Equal(3, pongs.Count);

        Assert.Equal(Hex.Bytes("8A 05 48656C6C6F  8A 00  8A 01 07"), Written(pongs));

        Assert.Equal(0, pongs.Count);
        Assert.Empty(Written(pongs));
    }

    [Fact]
    public void At_most_64_are_owed_and_the_oldest_is_dropped_for_a_newer_one()
    {
        var pongs = new OwedPongs();
        for (byte i = 0; i < 100; i++)
        {
            pongs.Add([i]);
            Assert.Equal(Math.Min(i + 1, 64), pongs.Count);
        }

        Assert.Equal(Pongs(Enumerable.Range(36, 64).Select(i => (byte)i)), Written(pongs));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(33)]
    [InlineData(63)]
    [InlineData(64)]
    public void Growing_keeps_what_is_owed(int count)
    {
        var pongs = new OwedPongs();
        byte[] payloads = [.. Enumerable.Range(0, count).Select(i => (byte)i)];
        foreach (byte payload in payloads)
            pongs.Add([payload]);

        Assert.Equal(Pongs(payloads), Written(pongs));
    }

    [Fact]
    public void After_an_overflow_it_begins_anew_like_a_fresh_one()
    {
        var pongs = new OwedPongs();
        for (int i = 0; i < 70; i++)
            pongs.Add([1]);
        Written(pongs);

        for (byte i = 0; i < 66; i++)
            pongs.Add([i]);

        Assert.Equal(Pongs(Enumerable.Range(2, 64).Select(i => (byte)i)), Written(pongs));
    }

    [Fact]
    public void A_shorter_pong_in_an_older_ones_place_keeps_its_own_length()
    {
        var pongs = new OwedPongs();
        pongs.Add(new byte[125]);
        Written(pongs);

        pongs.Add([1, 2]);

        Assert.Equal(Hex.Bytes("8A 02 01 02"), Written(pongs));
    }

    [Fact]
    public void The_payload_is_copied()
    {
        var pongs = new OwedPongs();
        byte[] payload = [1];
        pongs.Add(payload);
        payload[0] = 2;

        Assert.Equal(Pongs(1), Written(pongs));
    }

    [Fact]
    public void A_pong_takes_125_bytes_and_no_more()
    {
        var pongs = new OwedPongs();
        pongs.Add(new byte[125]);

        Assert.Throws<ArgumentException>(() => pongs.Add(new byte[126]));

        Assert.Equal(1, pongs.Count);
    }

    [Fact]
    public void Clearing_forgets_all()
    {
        var pongs = new OwedPongs();
        pongs.Add([1]);
        pongs.Clear();

        Assert.Equal(0, pongs.Count);
        Assert.Empty(Written(pongs));
    }

    [Fact]
    public void Pongs_cannot_go_into_the_middle_of_a_frame_and_stay_owed()
    {
        var pongs = new OwedPongs();
        pongs.Add([1]);
        using var writer = new FrameWriter(WebSocketRole.Server);
        writer.Begin(Opcode.Binary, 1);

        Assert.Throws<InvalidOperationException>(() => pongs.WriteTo(writer));

        Assert.Equal(1, pongs.Count);
    }
}
