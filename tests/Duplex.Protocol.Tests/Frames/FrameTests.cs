using System.Text;

namespace Duplex.Tests;

public class FrameTests
{
    private const string Secret = "a secret";

    [Fact]
    [KtorParity("frames/Frame.Text")]
    public void Text_from_a_string_is_a_whole_message_in_UTF_8()
    {
        var frame = new Frame.Text("Grüße, 世界 🌍");

        Assert.Equal(Encoding.UTF8.GetBytes("Grüße, 世界 🌍"), frame.ReadBytes());
        Assert.Equal("Grüße, 世界 🌍", frame.ReadText());
        Assert.Equal((FrameType.Text, true, false, ReservedBits.None), (frame.Type, frame.Fin, frame.IsControl, frame.Reserved));
    }

    [Theory]
    [InlineData("\uFEFFmarked")]
    [InlineData("")]
    [InlineData("\0")]
    [KtorParity("frames/readText")]
    public void Text_keeps_every_character(string text) => Assert.Equal(text, new Frame.Text(text).ReadText());

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused()
    {
        // As code points: a string with a lone surrogate does not survive an attribute.
        foreach (string text in (string[])["\uD800", "a\uDC00b", "\uD83Dx\uDE00", "ends in \uDBFF"])
            Assert.Throws<ArgumentException>(() => new Frame.Text(text));
        Assert.Throws<ArgumentNullException>(() => new Frame.Text(null!));
    }

    [Fact]
    [KtorParity("frames/readText")]
    public void Text_of_a_fragment_cannot_be_read()
    {
        var fragment = new Frame.Text(fin: false, "caf\xC3"u8.ToArray());

        Assert.Throws<InvalidOperationException>(() => fragment.ReadText());
    }

    [Fact]
    public void A_pattern_takes_a_text_and_bytes_out_of_a_frame()
    {
        Assert.Equal("Grüße", Describe(new Frame.Text("Grüße")));
        Assert.Equal("0102", Describe(new Frame.Binary(new byte[] { 1, 2 })));
        Assert.Equal("another", Describe(new Frame.Ping()));

        static string Describe(Frame frame) => frame switch
        {
            Frame.Text(var text) => text,
            Frame.Binary(var data) => Convert.ToHexString(data.Span),
            _ => "another",
        };
    }

    [Theory]
    [InlineData("636166C3", "caf")] // é begins
    [InlineData("A9C3A8", "è")] // é ends, è is whole
    [InlineData("8C8D61E4B8", "a")] // 🌍 ends, 世 begins
    [InlineData("F09F8C", "")]
    [InlineData("F09F8C8D", "🌍")]
    [InlineData("61FF62", "a\uFFFDb")] // never UTF-8
    [InlineData("8080808061", "\uFFFDa")] // no character has four trailing bytes
    [InlineData("", "")]
    public void A_pattern_takes_the_whole_characters_out_of_a_fragment(string hex, string expected)
    {
        new Frame.Text(fin: false, Convert.FromHexString(hex)).Deconstruct(out string text);

        Assert.Equal(expected, text);
    }

    [Fact]
    public void A_ping_and_a_pong_need_no_payload()
    {
        Assert.Equal((FrameType.Ping, 0), (new Frame.Ping().Type, new Frame.Ping().Data.Length));
        Assert.Equal((FrameType.Pong, 0), (new Frame.Pong().Type, new Frame.Pong().Data.Length));
    }

    [Fact]
    [KtorParity("frames/Frame-fin-rsv1-rsv3-frameType-data", "frames/Frame.Binary")]
    public void Data_frames_keep_fin_the_reserved_bits_and_the_callers_memory()
    {
        byte[] data = [1, 2, 3];
        var text = new Frame.Text(fin: false, data, rsv1: true, rsv3: true);
        var binary = new Frame.Binary(fin: false, data, rsv2: true);

        Assert.Equal((false, ReservedBits.Rsv1 | ReservedBits.Rsv3), (text.Fin, text.Reserved));
        Assert.Equal((true, false, true), (text.Rsv1, text.Rsv2, text.Rsv3));
        Assert.Equal((false, true, false), (binary.Rsv1, binary.Rsv2, binary.Rsv3));
        Assert.True(binary.Data.Span == data);
        Assert.True(text.Data.Span == data);
        Assert.NotSame(data, binary.ReadBytes());
        Assert.True(new Frame.Binary(data).Fin);
    }

    [Theory]
    [InlineData(FrameType.Text, false)]
    [InlineData(FrameType.Binary, false)]
    [InlineData(FrameType.Close, true)]
    [InlineData(FrameType.Ping, true)]
    [InlineData(FrameType.Pong, true)]
    [KtorParity("frames/Frame.byType", "frames/FrameType-controlFrame-opcode")]
    public void A_frame_can_be_created_by_its_type(FrameType type, bool isControl)
    {
        byte[] data = [3, 232, 97];
        Frame frame = Frame.Create(type, fin: false, data, ReservedBits.Rsv1);

        Assert.Equal(type, frame.Type);
        Assert.Equal(isControl, frame.IsControl);
        Assert.Equal(type.ToString(), frame.GetType().Name);
        Assert.Equal(data, frame.ReadBytes());

        // Control frames are never fragmented, and no extension owns a bit of theirs.
        Assert.Equal(isControl, frame.Fin);
        Assert.Equal(isControl ? ReservedBits.None : ReservedBits.Rsv1, frame.Reserved);
    }

    [Fact]
    [KtorParity("frames/FrameType-opcode")]
    public void Neither_an_unknown_type_nor_an_unknown_bit_makes_a_frame()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Frame.Create((FrameType)0, true, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => Frame.Create((FrameType)0xB, true, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => Frame.Create(FrameType.Text, true, default, (ReservedBits)0x80));
        Assert.Throws<ArgumentOutOfRangeException>(() => Frame.Create(FrameType.Text, true, default, (ReservedBits)0x08));
    }

    [Fact]
    [KtorParity("frames/Frame.Ping-Frame.Pong", "frames/a-control-frame-of-more-than-125-bytes")]
    [KtorParity("test-protocol/ControlFrameSizeTest-control-frames")]
    public void A_control_frame_takes_125_bytes_and_no_more()
    {
        byte[] most = new byte[125];
        byte[] oneMore = new byte[126];

        Assert.Equal(125, new Frame.Ping(most).Data.Length);
        Assert.Equal(125, new Frame.Pong(most).Data.Length);
        Assert.Equal(125, new Frame.Close(most).Data.Length);
        Assert.Throws<ArgumentException>(() => new Frame.Ping(oneMore));
        Assert.Throws<ArgumentException>(() => new Frame.Pong(oneMore));
        Assert.Throws<ArgumentException>(() => new Frame.Close(oneMore));
        Assert.Throws<ArgumentException>(() => Frame.Create(FrameType.Pong, true, oneMore));
    }

    [Fact]
    [KtorParity("frames/Frame.Close")]
    public void A_Close_says_its_reason_in_the_RFCs_form()
    {
        Assert.Equal(Hex.Bytes("03E9 627965"), new Frame.Close(new CloseReason(CloseCode.GoingAway, "bye")).ReadBytes());
        Assert.True(new Frame.Close().Data.IsEmpty);
        Assert.True(new Frame.Close(CloseReason.NoStatus).Data.IsEmpty);
        Assert.Throws<ArgumentException>(() => new Frame.Close(CloseReason.Abnormal));
    }

    [Theory]
    [InlineData("03E8", CloseCode.NormalClosure, "")]
    [InlineData("0FA0 C3BC", (CloseCode)4000, "ü")]
    [KtorParity("frames/readReason", "test-protocol/FrameCloseTest")]
    public void A_Close_reads_its_reason(string payload, CloseCode code, string message) =>
        Assert.Equal(new CloseReason(code, message), new Frame.Close(Hex.Bytes(payload)).ReadReason());

    [Theory]
    [InlineData("")]
    [InlineData("03")]
    [InlineData("03ED")]
    [InlineData("03E8 C3")]
    [KtorParity("frames/readReason", "test-protocol/FrameCloseTest", "weakness/24-close-reasons")]
    public void A_Close_without_a_legal_reason_reads_none(string payload) => Assert.Null(new Frame.Close(Hex.Bytes(payload)).ReadReason());

    [Fact]
    [KtorParity("frames/copy")]
    public void A_copy_has_memory_of_its_own_and_is_equal_in_all_else()
    {
        byte[] data = [1, 2, 3];
        foreach (FrameType type in Enum.GetValues<FrameType>())
        {
            Frame frame = Frame.Create(type, fin: false, data, ReservedBits.Rsv2);
            Frame copy = frame.Copy();

            Assert.Equal(FrameValue.Of(frame), FrameValue.Of(copy));
            Assert.False(copy.Data.Span == frame.Data.Span);
        }
    }

    [Fact]
    public void A_copy_outlives_the_recycled_original()
    {
        var pool = new CountingPool();
        Frame frame = Pooled(pool, out _);
        Frame copy = frame.Copy();

        frame.Recycle();
        copy.Recycle();

        Assert.Equal([1, 2, 3], copy.ReadBytes());
    }

    [Fact]
    [KtorParity("frames/buffer-disposableHandle")]
    public void Recycling_empties_the_frame_and_gives_the_memory_back_once()
    {
        var pool = new CountingPool();
        Frame frame = Pooled(pool, out SharedBuffer slab, references: 2); // another frame in the same slab

        frame.Recycle();
        frame.Recycle();

        Assert.True(frame.Data.IsEmpty);
        Assert.Equal(1, pool.Outstanding);
        slab.Release();
        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public async Task Recycling_from_many_threads_at_once_gives_the_memory_back_once()
    {
        // Enough rounds that two threads meet within the few instructions that matter.
        const int Rounds = 20_000;
        var pool = new CountingPool();
        var slabs = new SharedBuffer[Rounds];
        Frame[] frames = [.. Enumerable.Range(0, Rounds).Select(i => Pooled(pool, out slabs[i], references: 2))]; // another frame in each slab, which must not lose its memory
        int arrived = 0;
        void RecycleAll()
        {
            for (int i = 0; i < Rounds; i++)
            {
                // Both go for the same frame at once, as far as they can: the first to arrive waits for the second, but not for ever.
                Interlocked.Increment(ref arrived);
                for (int spins = 0; Volatile.Read(ref arrived) < 2 * (i + 1) && spins < 1000; spins++)
                    Thread.SpinWait(1);
                frames[i].Recycle();
            }
        }

        await Task.WhenAll(Task.Run(RecycleAll), Task.Run(RecycleAll)).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(Rounds, pool.Outstanding);
        foreach (SharedBuffer slab in slabs)
            slab.Release();
        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public void Recycling_a_frame_that_was_not_received_changes_nothing()
    {
        var frame = new Frame.Text(Secret);

        frame.Recycle();

        Assert.Equal(Secret, frame.ReadText());
    }

    [Fact]
    [KtorParity("frames/toString")]
    public void Its_string_form_tells_kind_fin_and_length_but_never_the_payload()
    {
        Assert.Equal("Frame Text (fin=True, 8 bytes)", new Frame.Text(Secret).ToString());
        Assert.Equal("Frame Binary (fin=False, 3 bytes)", new Frame.Binary(false, new byte[] { 1, 2, 3 }).ToString());
        Assert.DoesNotContain(Secret, new Frame.Close(new CloseReason(CloseCode.GoingAway, Secret)).ToString(), StringComparison.Ordinal);
    }

    private static Frame Pooled(CountingPool pool, out SharedBuffer slab, int references = 1)
    {
        byte[] array = pool.Rent(100);
        ((byte[])[1, 2, 3]).CopyTo(array, 0);
        slab = new SharedBuffer(array, pool, references);
        return Frame.Create(FrameType.Binary, true, ReservedBits.None, array.AsMemory(0, 3), slab);
    }
}
